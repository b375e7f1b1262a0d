#!/bin/sh
# Gathers what posture reads about an AWS account, with the AWS CLI v2 alone. Every call only reads.
#
#   sh gather.sh [FOLDER [REGION...]]
#
# FOLDER (default: posture-answers) must not exist yet. Without a REGION, every Region that the account has enabled is
# asked. Works in CloudShell as it is. A refused call is kept as an .err file, and gathering goes on. Then:
#
#   posture import FOLDER -o snapshot.json
set -u
umask 077
AWS_PAGER=''
AWS_CLI_AUTO_PROMPT=off
AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard}
AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-6}
export AWS_PAGER AWS_CLI_AUTO_PROMPT AWS_RETRY_MODE AWS_MAX_ATTEMPTS

folder=${1:-posture-answers}
[ $# -gt 0 ] && shift
case $folder in -*) echo "usage: sh gather.sh [FOLDER [REGION...]]" >&2; exit 2 ;; esac
if [ -e "$folder" ]; then
    echo "error: $folder exists already; name a new folder" >&2
    exit 2
fi
if ! command -v aws >/dev/null 2>&1; then
    echo "error: the AWS CLI is not installed: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html" >&2
    exit 2
fi
mkdir -p "$folder" || exit 2
out=$folder/.out
err=$folder/.err
trap 'rm -f "$out" "$err"' EXIT
trap 'exit 130' INT TERM HUP

# keep STATUS FILE REQUEST: files what the last call wrote. REQUEST is the JSON that tells this call from another, or empty.
keep() {
    mkdir -p "${2%/*}"
    if [ "$1" -ne 0 ]; then
        { [ -z "$3" ] || printf 'request: %s\n' "$3"; cat "$err"; [ -s "$err" ] || echo "the AWS CLI ended with status $1"; } >"$2.err"
        return 1
    fi
    # The AWS CLI prints nothing for an answer without members.
    [ -s "$out" ] || echo '{}' >"$out"
    if [ -z "$3" ]; then
        cat "$out" >"$2.json"
    else
        { printf '{"request":%s,"response":\n' "$3"; cat "$out"; printf '}\n'; } >"$2.json"
    fi
}

# ask REGION FILE SERVICE COMMAND [OPTION...]: one call, all pages.
ask() {
    asked_region=$1 file=$folder/$3/$2
    shift 2
    aws --region "$asked_region" --output json "$@" </dev/null >"$out" 2>"$err"
    keep $? "$file" ''
}

# ask_about REGION REQUEST SERVICE COMMAND [OPTION...]: one call about one thing. REQUEST is what the AWS CLI is given and
# what is filed with the answer; options are given only.
ask_about() {
    asked_region=$1 request=$2
    shift 2
    number=1
    while [ -e "$folder/$1/$2@$asked_region~$number.json" ] || [ -e "$folder/$1/$2@$asked_region~$number.err" ]; do
        number=$((number + 1))
    done
    file=$folder/$1/$2@$asked_region~$number
    aws --region "$asked_region" --output json "$@" --cli-input-json "$request" </dev/null >"$out" 2>"$err"
    keep $? "$file" "$request"
}

# texts MEMBER FILE...: the JSON texts of a member, with their quotation marks, wherever it stands.
texts() {
    member=$1
    shift
    for read_from in "$@"; do
        [ -f "$read_from" ] && sed -n 's/^ *"'"$member"'": \(".*"\),\{0,1\}$/\1/p' "$read_from"
    done
    return 0
}

# words MEMBER FILE...: the same without quotation marks, for names that have no special characters.
words() {
    texts "$@" | sed 's/^"//; s/"$//'
}

echo "who is asking ..." >&2
home=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || echo us-east-1)}}
if ! ask "$home" get-caller-identity sts get-caller-identity; then
    cat "$folder/sts/get-caller-identity.err" >&2
    echo "error: AWS does not say who is asking; sign in first" >&2
    rm -rf "$folder/sts"
    rmdir "$folder" 2>/dev/null
    exit 2
fi
account=$(words Account "$folder/sts/get-caller-identity.json")
partition=$(words Arn "$folder/sts/get-caller-identity.json" | cut -d: -f2)
always=''
case $partition in
    aws-cn) leader=cn-northwest-1 always="cn-north-1 cn-northwest-1" ;;
    aws-us-gov) leader=us-gov-west-1 always="us-gov-east-1 us-gov-west-1" ;;
    aws-eusc) leader=eusc-de-east-1 ;;
    aws-iso) leader=us-iso-east-1 ;;
    aws-iso-b) leader=us-isob-east-1 ;;
    aws-iso-e) leader=eu-isoe-west-1 ;;
    aws-iso-f) leader=us-isof-south-1 ;;
    *)
        leader=us-east-1
        always="ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1
            eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
        ;;
esac

echo "account $account: identities ..." >&2
# The report is made first, so that it is ready when it is asked for. It takes seconds; AWS makes one in four hours.
tries=0
while aws --region "$leader" --output json iam generate-credential-report </dev/null >"$out" 2>"$err"; do
    [ "$(words State "$out")" = COMPLETE ] && break
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || break
    sleep 2
done
mv "$err" "$folder/.generate"
if ! ask "$leader" get-credential-report iam get-credential-report && [ -s "$folder/.generate" ]; then
    cat "$folder/.generate" >"$folder/iam/get-credential-report.err"
fi
rm -f "$folder/.generate"
for command in get-account-summary get-account-password-policy get-account-authorization-details list-account-aliases \
    list-organizations-features; do
    ask "$leader" "$command" iam "$command"
done
ask_about "$leader" '{"AssignmentStatus":"Any"}' iam list-virtual-mfa-devices

echo "account $account: contacts, Regions, organization ..." >&2
ask "$leader" get-contact-information account get-contact-information
for contact in BILLING OPERATIONS SECURITY; do
    ask_about "$leader" "{\"AlternateContactType\":\"$contact\"}" account get-alternate-contact
done
ask "$leader" list-regions account list-regions
ask "$leader" describe-organization organizations describe-organization
ask_about "$leader" "{\"AccountId\":\"$account\"}" organizations describe-account

if [ $# -gt 0 ]; then
    regions=$*
else
    regions=$(awk '
        /^        \{/ { name = ""; status = "" }
        /^            "RegionName": "/ { split($0, part, "\""); name = part[4] }
        /^            "RegionOptStatus": "/ { split($0, part, "\""); status = part[4] }
        /^        \}/ { if (status ~ /^(ENABLED|ENABLED_BY_DEFAULT|DISABLING)$/) print name }
    ' "$folder/account/list-regions.json" 2>/dev/null)
    [ -n "$regions" ] || regions=${always:-$leader}
fi

echo "account $account: billing ..." >&2
ask_about "$leader" '{"features":["BILLING_ALERTS"]}' billing get-billing-preferences
# Credits are asked for since the month after this one a year ago: further back is refused.
year=$(date -u +%Y) month=$(date -u +%m)
month=${month#0}
if [ "$month" -eq 12 ]; then
    since=$year-01-01
else
    since=$((year - 1))-$(printf %02d $((month + 1)))-01
fi
ask_about "$leader" "{\"accountId\":\"$account\"}" billing get-credits --start-date "$since"
ask_about "$leader" '{"Namespace":"AWS/Billing"}' cloudwatch list-metrics
ask_about "$leader" '{"AlarmTypes":["MetricAlarm","CompositeAlarm"]}' cloudwatch describe-alarms
ask_about "$leader" "{\"AccountId\":\"$account\"}" budgets describe-budgets --show-filter-expression
texts BudgetName "$folder"/budgets/describe-budgets@*.json | while IFS= read -r budget; do
    ask_about "$leader" "{\"AccountId\":\"$account\",\"BudgetName\":$budget}" budgets describe-notifications-for-budget
done
for file in "$folder"/budgets/describe-notifications-for-budget@*.json; do
    [ -f "$file" ] || continue
    about=$(sed -n '1s/^{"request":{\(.*\)},"response":$/\1/p' "$file")
    awk '
        function member(line) { sub(/^ *"[A-Za-z]*": /, "", line); sub(/,$/, "", line); return line }
        /^        \{/ { operator = kind = threshold = unit = "" }
        /^            "ComparisonOperator": / { operator = "\"ComparisonOperator\":" member($0) "," }
        /^            "NotificationType": / { kind = "\"NotificationType\":" member($0) "," }
        /^            "Threshold": / { threshold = "\"Threshold\":" member($0) }
        /^            "ThresholdType": / { unit = ",\"ThresholdType\":" member($0) }
        /^        \}/ { if (threshold != "") print "{" operator kind threshold unit "}" }
    ' "$file" | while IFS= read -r notification; do
        ask_about "$leader" "{$about,\"Notification\":$notification}" budgets describe-subscribers-for-notification
    done
done

for event in EventName=SetIAMAccessPreference EventName=EnableBillingAlerts EventSource=billingconsole.amazonaws.com; do
    attribute="{\"AttributeKey\":\"${event%%=*}\",\"AttributeValue\":\"${event#*=}\"}"
    ask_about "$leader" "{\"LookupAttributes\":[$attribute]}" cloudtrail lookup-events --max-items 200
done

for region in $regions; do
    echo "account $account: $region ..." >&2
    ask "$region" "describe-trails@$region" cloudtrail describe-trails
    ask "$region" "list-rules@$region" events list-rules
    # Targets of the rules that could be meant for AWS Health; in doubt one too many.
    awk '
        function concerned() { return pattern !~ /source/ || pattern ~ /aws\.health|Health|prefix|suffix|wildcard|anything-but|exists|[$]or/ }
        /^        \{/ { name = pattern = "" }
        /^            "Name": / { name = $0; sub(/^ *"Name": /, "", name); sub(/,$/, "", name) }
        /^            "EventPattern": / { pattern = $0 }
        /^        \}/ { if (pattern != "" && concerned()) print name }
    ' "$folder/events/list-rules@$region.json" 2>/dev/null | while IFS= read -r rule; do
        ask_about "$region" "{\"Rule\":$rule}" events list-targets-by-rule
    done
done

echo "account $account: trails, topics and their keys ..." >&2
words TrailARN "$folder"/cloudtrail/describe-trails@*.json | sort -u | while IFS= read -r trail; do
    trail_region=$(printf '%s' "$trail" | cut -d: -f4)
    ask_about "$trail_region" "{\"Name\":\"$trail\"}" cloudtrail get-trail-status
    ask_about "$trail_region" "{\"TrailName\":\"$trail\"}" cloudtrail get-event-selectors
done
cat "$folder"/cloudwatch/*.json "$folder"/budgets/*.json "$folder"/events/*.json 2>/dev/null |
    tr '"' '\n' | grep '^arn:aws[a-z-]*:sns:[a-z0-9-]*:[0-9]*:[A-Za-z0-9_.-]*$' | sort -u | while IFS= read -r topic; do
    topic_region=$(printf '%s' "$topic" | cut -d: -f4)
    ask_about "$topic_region" "{\"TopicArn\":\"$topic\"}" sns get-topic-attributes
    ask_about "$topic_region" "{\"TopicArn\":\"$topic\"}" sns list-subscriptions-by-topic
done
for file in "$folder"/sns/list-subscriptions-by-topic@*.json; do
    file_region=${file##*@}
    words SubscriptionArn "$file" | grep '^arn:' | while IFS= read -r subscription; do
        ask_about "${file_region%%~*}" "{\"SubscriptionArn\":\"$subscription\"}" sns get-subscription-attributes
    done
done
for file in "$folder"/sns/get-topic-attributes@*.json; do
    file_region=${file##*@}
    texts KmsMasterKeyId "$file" | sed "s/^/${file_region%%~*} /"
done | sort -u | while IFS=' ' read -r key_region key; do
    [ "$key" != '""' ] && ask_about "$key_region" "{\"KeyId\":$key}" kms describe-key
    # A key's policy is asked for by its ARN, because an alias is refused.
    case $key in
        *alias/*) key=$(texts Arn "$folder/kms/describe-key@$key_region~$number.json" | sed -n 1p) ;;
    esac
    [ "$key" != '""' ] && [ -n "$key" ] && ask_about "$key_region" "{\"KeyId\":$key}" kms get-key-policy --policy-name default
done

date -u +%Y-%m-%dT%H:%M:%SZ >"$folder/collected-at"
answers=$(find "$folder" -name '*.json' | wc -l)
refusals=$(find "$folder" -name '*.err' ! -name '.err' | wc -l)
echo "account $account: $((answers)) answers, $((refusals)) refused calls in $folder; next: posture import $folder -o snapshot.json" >&2
