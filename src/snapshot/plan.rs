//! Which calls a set of wanted operations needs: the ones wanted, and those that say what to ask for.

use std::collections::BTreeSet;

use crate::snapshot::Operation;

/// An operation, and those whose answers it is asked about.
const ASKED_ABOUT: &[(Operation, &[Operation])] = &[
    (Operation::CloudtrailGetTrailStatus, &[Operation::CloudtrailDescribeTrails]),
    (Operation::CloudtrailGetEventSelectors, &[Operation::CloudtrailDescribeTrails]),
    (Operation::SnsGetTopicAttributes, TOPICS),
    (Operation::SnsListSubscriptionsByTopic, TOPICS),
    (Operation::SnsGetSubscriptionAttributes, &[Operation::SnsListSubscriptionsByTopic]),
    (Operation::KmsGetKeyPolicy, &[Operation::KmsDescribeKey, Operation::SnsGetTopicAttributes]),
    (Operation::KmsGetKeyRotationStatus, &[Operation::KmsDescribeKey, Operation::KmsListKeys]),
    (Operation::BudgetsDescribeNotificationsForBudget, &[Operation::BudgetsDescribeBudgets]),
    (Operation::BudgetsDescribeSubscribersForNotification, &[Operation::BudgetsDescribeNotificationsForBudget]),
    (Operation::EventsListTargetsByRule, &[Operation::EventsListRules]),
    (Operation::GuarddutyGetDetector, &[Operation::GuarddutyListDetectors]),
    (Operation::GuarddutyListFindings, &[Operation::GuarddutyListDetectors]),
    (Operation::GuarddutyGetFindings, &[Operation::GuarddutyListFindings]),
    (Operation::AccessanalyzerListFindingsV2, &[Operation::AccessanalyzerListAnalyzers]),
    (Operation::OrganizationsDescribePolicy, &[Operation::OrganizationsListPolicies]),
    (Operation::OrganizationsListTargetsForPolicy, &[Operation::OrganizationsListPolicies]),
    (Operation::OrganizationsListDelegatedServicesForAccount, &[Operation::OrganizationsListDelegatedAdministrators]),
    (Operation::SupportDescribeTrustedAdvisorCheckSummaries, &[Operation::SupportDescribeTrustedAdvisorChecks]),
    (Operation::WellarchitectedGetWorkload, &[Operation::WellarchitectedListWorkloads]),
    (Operation::WellarchitectedGetLensReview, &[Operation::WellarchitectedListWorkloads]),
    (Operation::WellarchitectedListMilestones, &[Operation::WellarchitectedListWorkloads]),
    (Operation::CloudtrailGetEventDataStore, &[Operation::CloudtrailListEventDataStores]),
    (Operation::LogsDescribeLogGroups, &[Operation::CloudtrailDescribeTrails]),
    (Operation::LogsDescribeMetricFilters, &[Operation::CloudtrailDescribeTrails]),
    (Operation::RdsDescribeDbParameters, &[Operation::RdsDescribeDbInstances]),
    (Operation::Elbv2DescribeLoadBalancerAttributes, &[Operation::Elbv2DescribeLoadBalancers]),
    (Operation::CloudfrontGetDistributionConfig, &[Operation::CloudfrontListDistributions]),
    (Operation::ApigatewayGetStages, &[Operation::ApigatewayGetRestApis]),
    (Operation::Apigatewayv2GetStages, &[Operation::Apigatewayv2GetApis]),
    (Operation::S3GetPublicAccessBlock, BUCKETS),
    (Operation::S3GetBucketPolicy, BUCKETS),
    (Operation::S3GetBucketPolicyStatus, BUCKETS),
    (Operation::S3GetBucketAcl, BUCKETS),
    (Operation::S3GetBucketLogging, BUCKETS),
    (Operation::S3GetBucketVersioning, BUCKETS),
    (Operation::S3GetBucketEncryption, BUCKETS),
    (Operation::S3GetBucketLifecycleConfiguration, BUCKETS),
    (Operation::S3GetObjectLockConfiguration, BUCKETS),
];

/// Where the account's buckets are named with their Regions.
const BUCKETS: &[Operation] = &[Operation::S3ListBuckets];

/// Where topics are named that alerts go through.
const TOPICS: &[Operation] = &[
    Operation::CloudwatchDescribeAlarms,
    Operation::BudgetsDescribeSubscribersForNotification,
    Operation::EventsListTargetsByRule,
];

/// The wanted operations with everything that they depend on.
pub(crate) fn complete(wanted: &BTreeSet<Operation>) -> BTreeSet<Operation> {
    let mut plan = BTreeSet::new();
    let mut open: Vec<Operation> = wanted.iter().copied().collect();
    while let Some(operation) = open.pop() {
        if plan.insert(operation) {
            let needed = ASKED_ABOUT.iter().filter(|(asked, _)| *asked == operation);
            open.extend(needed.flat_map(|(_, needs)| needs.iter().copied()));
        }
    }
    plan
}

/// How many calls follow one another from this one on, at most: itself, one about its answer, one about that one's.
#[cfg(feature = "live")]
pub(crate) fn chain(operation: Operation) -> usize {
    static CHAINS: std::sync::LazyLock<std::collections::BTreeMap<Operation, usize>> = std::sync::LazyLock::new(|| {
        let mut chains = std::collections::BTreeMap::new();
        // As often as there are entries: longer than that no chain is.
        for _ in ASKED_ABOUT {
            for (asked, about) in ASKED_ABOUT {
                let own = chains.get(asked).copied().unwrap_or(1);
                for operation in *about {
                    let chain = chains.entry(*operation).or_insert(1);
                    *chain = (own + 1).max(*chain);
                }
            }
        }
        // What each Region answers for itself: those that may be disabled are asked when this says that they are not.
        let longest = chains.values().copied().max().unwrap_or(1);
        chains.insert(Operation::AccountListRegions, 1 + longest);
        chains
    });
    CHAINS.get(&operation).copied().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::complete;
    use crate::snapshot::Operation;

    #[test]
    fn a_key_policy_needs_the_whole_chain_that_leads_to_the_key() {
        let plan = complete(&BTreeSet::from([Operation::KmsGetKeyPolicy]));
        for needed in [
            Operation::KmsDescribeKey,
            Operation::SnsGetTopicAttributes,
            Operation::CloudwatchDescribeAlarms,
            Operation::BudgetsDescribeBudgets,
            Operation::EventsListRules,
        ] {
            assert!(plan.contains(&needed), "{}", needed.label());
        }
        assert!(!plan.contains(&Operation::IamGetAccountSummary));
    }

    #[test]
    #[cfg(feature = "live")]
    fn a_chain_is_as_long_as_the_longest_way_on() {
        let chain = super::chain;
        assert_eq!(chain(Operation::IamGetAccountSummary), 1);
        assert_eq!(chain(Operation::SnsGetSubscriptionAttributes), 1);
        assert_eq!(chain(Operation::SnsListSubscriptionsByTopic), 2);
        assert_eq!(chain(Operation::EventsListRules), 4);
        assert_eq!(chain(Operation::BudgetsDescribeBudgets), 5);
        assert_eq!(chain(Operation::GuarddutyListDetectors), 3);
        assert_eq!(chain(Operation::AccountListRegions), 6);
    }

    #[test]
    fn what_stands_alone_is_called_alone() {
        let wanted = BTreeSet::from([Operation::IamGetAccountSummary]);
        assert_eq!(complete(&wanted), wanted);
    }
}
