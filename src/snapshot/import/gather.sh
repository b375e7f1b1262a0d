#!/bin/sh
# Gathers what posture reads about an AWS account, with the AWS CLI v2 alone. Every call only reads.
#
#   sh gather.sh [--allow-paid-calls] [FOLDER [REGION...]]
#
# FOLDER (default: posture-answers) must not exist yet. Without a REGION, every Region that the account has enabled is
# asked. With --allow-paid-calls the two calls of Cost Explorer that AWS bills are made too. Works in CloudShell as it is. A refused call is kept as an .err file, and gathering goes on. Then:
#
#   posture import FOLDER -o snapshot.json
set -u
umask 077
AWS_PAGER=''
AWS_CLI_AUTO_PROMPT=off
AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard}
AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-6}
export AWS_PAGER AWS_CLI_AUTO_PROMPT AWS_RETRY_MODE AWS_MAX_ATTEMPTS

paid=''
if [ "${1:-}" = --allow-paid-calls ]; then
    paid=yes
    shift
fi
folder=${1:-posture-answers}
[ $# -gt 0 ] && shift
case $folder in -*) echo "usage: sh gather.sh [--allow-paid-calls] [FOLDER [REGION...]]" >&2; exit 2 ;; esac
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

# asked REGION REQUEST SERVICE COMMAND: whether this was asked already.
asked() {
    grep -qxF -e "{\"request\":$2,\"response\":" -e "request: $2" "$folder/$3/$4@$1"~* 2>/dev/null
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

# follow REGION SERVICE LIST MEMBER COMMAND NAME: asks about everything that a list names in a member.
follow() {
    words "$4" "$folder/$2/$3@$1.json" | sort -u | while IFS= read -r thing; do
        ask_about "$1" "{\"$6\":\"$thing\"}" "$2" "$5"
    done
}

# words MEMBER FILE...: the same without quotation marks, for names that have no special characters.
words() {
    texts "$@" | sed 's/^"//; s/"$//'
}

# strings FILE: the texts that stand in lists.
strings() {
    [ -f "$1" ] && sed -n 's/^ *"\([^"]*\)",\{0,1\}$/\1/p' "$1"
    return 0
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
    list-organizations-features list-server-certificates list-saml-providers list-open-id-connect-providers; do
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
for command in list-roots describe-resource-policy list-delegated-administrators list-aws-service-access-for-organization; do
    ask "$leader" "$command" organizations "$command"
done
ask_about "$leader" '{"Filter":"SERVICE_CONTROL_POLICY"}' organizations list-policies
words Id "$folder"/organizations/list-policies@*.json | sort -u | while IFS= read -r policy; do
    ask_about "$leader" "{\"PolicyId\":\"$policy\"}" organizations describe-policy
    ask_about "$leader" "{\"PolicyId\":\"$policy\"}" organizations list-targets-for-policy
done
words Id "$folder/organizations/list-delegated-administrators.json" | sort -u | while IFS= read -r administrator; do
    ask_about "$leader" "{\"AccountId\":\"$administrator\"}" organizations list-delegated-services-for-account
done
ask_about "$leader" '{"language":"en"}' support describe-severity-levels
ask_about "$leader" '{"language":"en"}' support describe-trusted-advisor-checks
ask_about "$leader" '{"checkId":"12Fnkpl8Y5","language":"en"}' support describe-trusted-advisor-check-result
awk '
    /^        \{/ { id = security = "" }
    /^            "id": "/ { split($0, part, "\""); id = part[4] }
    /^            "category": "security"/ { security = 1 }
    /^        \}/ { if (security != "") print id }
' "$folder"/support/describe-trusted-advisor-checks@*.json 2>/dev/null | LC_ALL=C sort -u |
    awk '{ ids = ids (NR > 1 ? "\",\"" : "") $0 } END { if (NR) print ids }' | while IFS= read -r ids; do
        ask_about "$leader" "{\"checkIds\":[\"$ids\"]}" support describe-trusted-advisor-check-summaries
    done

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
alarms='{"AlarmTypes":["MetricAlarm","CompositeAlarm"]}'
ask_about "$leader" "$alarms" cloudwatch describe-alarms
if [ -n "$paid" ]; then
    ask "$leader" get-anomaly-monitors ce get-anomaly-monitors
    ask "$leader" get-anomaly-subscriptions ce get-anomaly-subscriptions
fi
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

for event in EventName=SetIAMAccessPreference EventSource=billingconsole.amazonaws.com; do
    attribute="{\"AttributeKey\":\"${event%%=*}\",\"AttributeValue\":\"${event#*=}\"}"
    ask_about "$leader" "{\"LookupAttributes\":[$attribute]}" cloudtrail lookup-events --max-items 200
done

for region in $regions; do
    echo "account $account: $region ..." >&2
    ask "$region" "describe-trails@$region" cloudtrail describe-trails
    ask "$region" "list-rules@$region" events list-rules
    # Targets of the rules that could be meant for AWS Health, GuardDuty, trails or alarms; in doubt one too many.
    awk '
        function concerned() {
            return pattern !~ /source/ || pattern !~ /detail-type/ ||
                pattern ~ /aws\.health|Health|aws\.guardduty|GuardDuty|via CloudTrail|Alarm State Change/ ||
                pattern ~ /prefix|suffix|wildcard|anything-but|exists|[$]or/
        }
        /^        \{/ { name = pattern = "" }
        /^            "Name": / { name = $0; sub(/^ *"Name": /, "", name); sub(/,$/, "", name) }
        /^            "EventPattern": / { pattern = $0 }
        /^        \}/ { if (pattern != "" && concerned()) print name }
    ' "$folder/events/list-rules@$region.json" 2>/dev/null | while IFS= read -r rule; do
        ask_about "$region" "{\"Rule\":$rule}" events list-targets-by-rule
    done
    while read -r service command; do
        ask "$region" "$command@$region" "$service" "$command"
    done <<LISTS
accessanalyzer list-analyzers
apigateway get-rest-apis
apigatewayv2 get-apis
cloudtrail list-event-data-stores
configservice describe-configuration-recorder-status
configservice describe-configuration-recorders
configservice describe-delivery-channel-status
configservice describe-delivery-channels
ec2 describe-flow-logs
ec2 describe-instances
ec2 describe-network-acls
ec2 describe-network-interfaces
ec2 describe-route-tables
ec2 describe-security-groups
ec2 describe-volumes
ec2 describe-vpc-endpoints
ec2 describe-vpc-peering-connections
ec2 describe-vpcs
ec2 get-ebs-encryption-by-default
ec2 get-image-block-public-access-state
ec2 get-instance-metadata-defaults
ec2 get-snapshot-block-public-access-state
efs describe-file-systems
elbv2 describe-load-balancers
guardduty list-detectors
kms list-keys
macie2 get-macie-session
rds describe-db-instances
securityhub describe-hub
securityhub describe-security-hub-v2
sso-admin list-instances
wellarchitected list-workloads
LISTS
    follow "$region" apigateway get-rest-apis id get-stages restApiId
    follow "$region" apigatewayv2 get-apis ApiId get-stages ApiId
    follow "$region" cloudtrail list-event-data-stores EventDataStoreArn get-event-data-store EventDataStore
    follow "$region" elbv2 describe-load-balancers LoadBalancerArn describe-load-balancer-attributes LoadBalancerArn
    follow "$region" rds describe-db-instances DBParameterGroupName describe-db-parameters DBParameterGroupName
    words arn "$folder/accessanalyzer/list-analyzers@$region.json" | sort -u | while IFS= read -r analyzer; do
        ask_about "$region" "{\"analyzerArn\":\"$analyzer\",\"filter\":{\"status\":{\"eq\":[\"ACTIVE\"]}}}" accessanalyzer list-findings-v2
    done
    strings "$folder/guardduty/list-detectors@$region.json" | while IFS= read -r detector; do
        ask_about "$region" "{\"DetectorId\":\"$detector\"}" guardduty get-detector
        severe='{"Criterion":{"service.archived":{"Eq":["false"]},"severity":{"Gte":7}}}'
        ask_about "$region" "{\"DetectorId\":\"$detector\",\"FindingCriteria\":$severe}" guardduty list-findings
        # AWS takes fifty ids at once.
        strings "$file.json" | sort -u | awk '{ printf "%s%s", (NR % 50 == 1 ? (NR > 1 ? "\n" : "") : ","), $0 } END { if (NR) print "" }' | while IFS= read -r ids; do
            ids=$(printf '%s' "$ids" | sed 's/,/","/g')
            ask_about "$region" "{\"DetectorId\":\"$detector\",\"FindingIds\":[\"$ids\"]}" guardduty get-findings
        done
    done
    follow "$region" wellarchitected list-workloads WorkloadId get-workload WorkloadId
    follow "$region" wellarchitected list-workloads WorkloadId list-milestones WorkloadId
    words WorkloadId "$folder/wellarchitected/list-workloads@$region.json" | sort -u | while IFS= read -r workload; do
        ask_about "$region" "{\"LensAlias\":\"wellarchitected\",\"WorkloadId\":\"$workload\"}" wellarchitected get-lens-review
    done
    words KeyArn "$folder/kms/list-keys@$region.json" | while IFS= read -r key; do
        ask_about "$region" "{\"KeyId\":\"$key\"}" kms describe-key
        # KMS speaks about the rotation of keys that it can rotate.
        if [ ! -f "$file.json" ] || {
            grep -q '"KeyManager": "CUSTOMER"' "$file.json" && grep -q '"KeySpec": "SYMMETRIC_DEFAULT"' "$file.json" &&
                grep -q '"Origin": "AWS_KMS"' "$file.json" && grep -Eq '"KeyState": "(Enabled|Disabled)"' "$file.json"
        }; then
            ask_about "$region" "{\"KeyId\":\"$key\"}" kms get-key-rotation-status
        fi
    done
done

echo "account $account: buckets and distributions ..." >&2
ask_about "$leader" "{\"AccountId\":\"$account\"}" s3control get-public-access-block
ask "$leader" list-buckets s3api list-buckets --page-size 1000
ask "$leader" list-distributions cloudfront list-distributions
# Distributions stand at this depth, and their parts have ids too.
sed -n 's/^                "Id": "\(.*\)",\{0,1\}$/\1/p' "$folder/cloudfront/list-distributions.json" 2>/dev/null |
    while IFS= read -r distribution; do
        ask_about "$leader" "{\"Id\":\"$distribution\"}" cloudfront get-distribution-config
    done
{
    awk '
        /^        \{/ { name = region = "" }
        /^            "Name": "/ { split($0, part, "\""); name = part[4] }
        /^            "BucketRegion": "/ { split($0, part, "\""); region = part[4] }
        /^        \}/ { if (name != "") print name, region }
    ' "$folder/s3api/list-buckets.json" 2>/dev/null
    # Trails may deliver to buckets of other accounts.
    words S3BucketName "$folder"/cloudtrail/describe-trails@*.json
} | awk '!seen[$1]++' | while read -r bucket bucket_region; do
    for command in get-bucket-acl get-bucket-encryption get-bucket-lifecycle-configuration get-bucket-logging \
        get-bucket-policy get-bucket-policy-status get-bucket-versioning get-object-lock-configuration \
        get-public-access-block; do
        ask_about "${bucket_region:-$leader}" "{\"Bucket\":\"$bucket\"}" s3api "$command"
    done
done

echo "account $account: trails, topics and their keys ..." >&2
words TrailARN "$folder"/cloudtrail/describe-trails@*.json | sort -u | while IFS= read -r trail; do
    trail_region=$(printf '%s' "$trail" | cut -d: -f4)
    ask_about "$trail_region" "{\"Name\":\"$trail\"}" cloudtrail get-trail-status
    ask_about "$trail_region" "{\"TrailName\":\"$trail\"}" cloudtrail get-event-selectors
done
words CloudWatchLogsLogGroupArn "$folder"/cloudtrail/describe-trails@*.json | cut -d: -f4 | sort -u |
    while IFS= read -r group_region; do
        ask "$group_region" "describe-log-groups@$group_region" logs describe-log-groups
        asked "$group_region" "$alarms" cloudwatch describe-alarms ||
            ask_about "$group_region" "$alarms" cloudwatch describe-alarms
        ask_about "$group_region" '{"AlarmTypes":["LogAlarm"]}' cloudwatch describe-alarms
    done
# Metric filters are told to their own account alone.
words CloudWatchLogsLogGroupArn "$folder"/cloudtrail/describe-trails@*.json | sort -u |
    sed -n 's/^arn:[^:]*:logs:\([^:]*\):'"$account"':log-group:\(.*\)$/\1 \2/p' | sed 's/:\*$//' |
    while read -r group_region group; do
        ask_about "$group_region" "{\"logGroupName\":\"$group\"}" logs describe-metric-filters
    done
cat "$folder"/cloudwatch/*.json "$folder"/budgets/*.json "$folder"/events/*.json "$folder"/ce/*.json 2>/dev/null |
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
for topic_file in "$folder"/sns/get-topic-attributes@*.json; do
    topic_region=${topic_file##*@}
    texts KmsMasterKeyId "$topic_file" | sed "s/^/${topic_region%%~*} /"
done | sort -u | while IFS=' ' read -r key_region key; do
    [ "$key" = '""' ] || asked "$key_region" "{\"KeyId\":$key}" kms describe-key ||
        ask_about "$key_region" "{\"KeyId\":$key}" kms describe-key
    # A key's policy is asked for by its ARN, because an alias is refused.
    case $key in
        *alias/*) key=$(texts Arn "$file.json" | sed -n 1p) ;;
    esac
    [ "$key" != '""' ] && [ -n "$key" ] && ask_about "$key_region" "{\"KeyId\":$key}" kms get-key-policy --policy-name default
done

date -u +%Y-%m-%dT%H:%M:%SZ >"$folder/collected-at"
answers=$(find "$folder" -name '*.json' | wc -l)
refusals=$(find "$folder" -name '*.err' ! -name '.err' | wc -l)
echo "account $account: $((answers)) answers, $((refusals)) refused calls in $folder; next: posture import $folder -o snapshot.json" >&2
