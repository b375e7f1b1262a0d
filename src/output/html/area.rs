//! The areas that results are grouped by: AWS's services, told by the first words of rules' ids, as readers name them.

/// The first words of built-in rules' ids, and the area that they stand for.
const AREAS: &[(&str, &str)] = &[
    ("access-analyzer", "IAM Access Analyzer"),
    ("account", "Account"),
    ("alarm", "CloudWatch alarms"),
    ("ami", "EC2"),
    ("billing", "Billing"),
    ("budget", "Budgets"),
    ("cloudtrail", "CloudTrail"),
    ("collector", "IAM"),
    ("config", "AWS Config"),
    ("cost", "Billing"),
    ("ebs", "EBS"),
    ("ec2", "EC2"),
    ("efs", "EFS"),
    ("exposed", "IAM"),
    ("guardduty", "GuardDuty"),
    ("health", "AWS Health"),
    ("iam", "IAM"),
    ("kms", "KMS"),
    ("macie", "Macie"),
    ("monitor", "Monitoring of events"),
    ("nacl", "VPC"),
    ("org", "Organizations"),
    ("rds", "RDS"),
    ("resource", "Resource policies"),
    ("root", "Root user"),
    ("s3", "S3"),
    ("securityhub", "Security Hub"),
    ("sg", "VPC"),
    ("sns", "SNS"),
    ("support", "Support and Trusted Advisor"),
    ("ta", "Support and Trusted Advisor"),
    ("vpc", "VPC"),
    ("wa", "Well-Architected"),
    ("web", "Web front ends"),
];

/// The area of a rule; of somebody's own rule about something else, the first word of its id.
pub(super) fn area(rule: &str) -> &str {
    let begins = |words: &str| rule.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let known = AREAS.iter().find(|(words, _)| begins(words)).map(|(_, area)| *area);
    known.or_else(|| rule.split('-').next()).unwrap_or(rule)
}

#[cfg(test)]
mod tests {
    use super::{AREAS, area};
    use crate::rule::{ParamOverrides, built_in};

    #[test]
    fn every_built_in_rule_has_an_area_and_every_area_a_rule() {
        let rules = built_in(&ParamOverrides::new()).unwrap();
        let names: Vec<&str> = AREAS.iter().map(|(_, name)| *name).collect();
        for rule in &rules {
            assert!(names.contains(&area(&rule.id)), "{} has no area", rule.id);
        }
        for (words, _) in AREAS {
            assert!(rules.iter().any(|rule| rule.id.starts_with(&format!("{words}-"))), "no rule begins with {words}");
        }
        assert_eq!(area("access-analyzer-enabled"), "IAM Access Analyzer");
    }

    #[test]
    fn a_rule_of_ones_own_goes_by_its_first_word() {
        assert_eq!(area("tags-complete"), "tags");
        assert_eq!(area("iamx-one"), "iamx");
    }
}
