# SPDX-License-Identifier: Apache-2.0
# bash completion of mvctl and mvctl-perfc. Never touches the wire: node names come from the
# programs of this host within 100 ms, else there are none.

_mvctl_nodes() {
	timeout 0.1 mvctl --run /run/mvmp --tsv --no-header --columns node nodes 2> /dev/null
}

_mvctl_domains() {
	timeout 0.1 mvctl --run /run/mvmp --tsv --no-header --columns name show domains 2> /dev/null
}

_mvctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local commands="nodes show ping stats pin unpin op graph history ca cluster key enrol explain help version"
	local kinds="node cpus numa pools domains vcpus vifs vbds"
	local options="--nodes --all --interface --run --identity --aggregator --key-log --timeout --dry-run
		--confirm --json --jsonl --tsv --wide --columns --sort --reverse --no-header --color
		--help --version"
	local command="" word words=""

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ " $commands " == *" $word "* ]] && command=$word && break
	done
	case $prev in
	-n | --nodes) words=$(_mvctl_nodes) ;;
	-i | --interface) words=$(command ls /sys/class/net 2> /dev/null) ;;
	--run | --identity)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	-o | --output | --key-log)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--color) words="auto always never" ;;
	show) words="$kinds link drift audit cluster store" ;;
	stats) words="$kinds --follow --interval --count" ;;
	pin | unpin) words=$(_mvctl_domains) ;;
	ca) words="init sign member renew revoke rotate new-cluster-key show" ;;
	cluster) words="publish" ;;
	key) words="new request show" ;;
	enrol) words="request deliver --ca --to --name --role --mac --days --yes" ;;
	explain) words="drift interrupted no-answer not-allowed not-trusted outcome-unknown unsupported" ;;
	help) words="$commands options" ;;
	*)
		if [[ -z $command ]]; then
			words="$commands $options"
		elif [[ $cur == -* ]]; then
			words=$options
			case $command in
			stats) words+=" --follow --interval --count" ;;
			graph | history) words+=" --from --to --step --output --width --height" ;;
			op) words+=" --wait" ;;
			ping) words+=" --count" ;;
			enrol) words+=" --ca --to --name --role --mac --days --yes" ;;
			esac
		elif [[ $command == ping || $command == graph || $command == history ]]; then
			words=$(_mvctl_nodes)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

_mvctl_perfc() {
	local cur=${COMP_WORDS[COMP_CWORD]}

	mapfile -t COMPREPLY < <(compgen -W "--perfc-dump --perfc-get --perf-reset --arrays --domain
		--mvmac --nodes --interface --identity --key-log --json --help" -- "$cur")
}

complete -F _mvctl mvctl
complete -F _mvctl_perfc mvctl-perfc
