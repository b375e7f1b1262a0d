set -eu
AWS_PAGER=''
export AWS_PAGER

note() { printf '%s\n' "$*" >&2; }

missing=''
lacks() { missing="$missing
  $1"; }
refuse_without() {
  [ -z "$missing" ] && return
  note "nothing was run: this plan lacks values:$missing"
  note "$1"
  exit 64
}

at=0
# Says which step begins; false for those before POSTURE_FROM.
step() {
  [ "$1" -ge "${POSTURE_FROM:-1}" ] || return 1
  at=$1
  note "[$1/$last] $2"
}

stopped() {
  code=$?
  [ "$code" -eq 0 ] || [ "$at" -eq 0 ] || note "stopped at step $at; once mended, go on with POSTURE_FROM=$at"
  exit "$code"
}
trap stopped EXIT

# Asks before something is taken away; without a terminal and without POSTURE_YES=1 the step is left out.
confirm() {
  [ "${POSTURE_YES-}" = 1 ] && return 0
  if [ -t 0 ] && [ -t 2 ]; then
    printf '%s [y/N] ' "$1" >&2
    read -r answer
    case $answer in y | Y | yes) return 0 ;; esac
  fi
  note "  left out, not confirmed (POSTURE_YES=1 confirms): $1"
  return 1
}

check_account() {
  mine=$(aws sts get-caller-identity --region "$home" --query Account --output text)
  me=$(aws sts get-caller-identity --region "$home" --query Arn --output text)
  [ "$mine" = "$account" ] && return
  note "nothing was run: these credentials belong to account $mine, the plan to $account"
  exit 65
}

# Nobody takes away their own credentials with a script.
is_not_me() {
  [ "$me" != "$1" ] && return 0
  note "  left out: you are $1, and would lock yourself out"
  return 1
}

# Runs a command whose failure with one of these codes means that the work is done already.
unless_done() {
  codes=$1
  shift
  if said=$("$@" 2>&1); then return 0; fi
  for code in $codes; do
    case $said in *"($code)"*)
      note "  there already: $code"
      return 0
      ;;
    esac
  done
  note "$said"
  return 1
}

# True when what a step makes is not there yet: the command failed with one of these codes. Another failure stops the run.
is_missing() {
  codes=$1
  shift
  if said=$("$@" 2>&1); then
    note "  there already"
    return 1
  fi
  for code in $codes; do
    case $said in *"($code)"*) return 0 ;; esac
  done
  note "$said"
  exit 67
}

# AWS needs some seconds until every service knows a new role, key or policy.
retry() {
  for pause in 5 10 15; do
    if "$@"; then return 0; fi
    note "  trying again in $pause seconds"
    sleep "${POSTURE_PAUSE:-$pause}"
  done
  "$@"
}

# Takes an answer for a name only if nothing in it means anything elsewhere.
is_name() {
  case $1 in
    '' | None | *[!A-Za-z0-9._/+=@:-]*)
      note "AWS answered something that is no name: $1"
      exit 66
      ;;
  esac
}
