//! Who publishes an alert, and what a policy can know of the request.

use crate::iam::context::{Context, Fact as Key};
use crate::iam::policy::{Effect, Policy};
use crate::snapshot::Snapshot;

/// What raises an alert and publishes it to a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Publisher {
    /// A CloudWatch alarm, by its ARN.
    Alarm(String),
    /// A budget, by its name.
    Budget(String),
    /// Cost anomaly detection.
    CostAnomaly,
    /// An EventBridge rule, by its ARN, and the role of its target when that has one.
    Rule(String, Option<String>),
}

impl Publisher {
    /// The service principal that publishes.
    pub(crate) fn service(&self) -> &'static str {
        match self {
            Self::Alarm(_) => "cloudwatch.amazonaws.com",
            Self::Budget(_) => "budgets.amazonaws.com",
            Self::CostAnomaly => "costalerts.amazonaws.com",
            Self::Rule(..) => "events.amazonaws.com",
        }
    }

    /// Who signs the request: the service, or the role that the target names.
    pub(crate) fn principal(&self) -> &str {
        match self {
            Self::Rule(_, Some(role)) => role,
            _ => self.service(),
        }
    }

    /// The role that publishes in the service's place.
    pub(crate) fn role(&self) -> Option<&str> {
        match self {
            Self::Rule(_, role) => role.as_deref(),
            Self::Alarm(_) | Self::Budget(_) | Self::CostAnomaly => None,
        }
    }

    /// The condition keys of the request as far as AWS documents them; nothing is known of the others.
    pub(crate) fn context(&self, snapshot: &Snapshot) -> Context {
        let mut context = Context::open();
        context.set_value("aws:SecureTransport", "true");
        let source = match self {
            Self::Alarm(arn) => {
                // <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>
                context.set_value("aws:SourceOwner", &snapshot.account);
                arn.clone()
            }
            Self::Budget(name) => {
                // The default policy's `AWS:SourceOwner` does not cover budgets:
                // <https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html>
                context.set("aws:SourceOwner", Key::Absent);
                format!("arn:{}:budgets::{}:budget/{name}", snapshot.partition, snapshot.account)
            }
            // <https://docs.aws.amazon.com/cost-management/latest/userguide/ad-SNS.html>
            Self::CostAnomaly => {
                context.set_value("aws:SourceAccount", &snapshot.account);
                return context;
            }
            // What EventBridge sends along is not documented, so nothing is assumed.
            Self::Rule(..) => return context,
        };
        context.set_value("aws:SourceAccount", &snapshot.account);
        context.set_value("aws:SourceArn", &source);
        context
    }

    /// The statements of a policy that can ever apply. EventBridge sends none of the keys that conditions ask for, so
    /// an Allow with a Condition grants it nothing:
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html>
    pub(crate) fn effective(&self, mut policy: Policy) -> Policy {
        if matches!(self, Self::Rule(_, None)) {
            policy.statements.retain(|statement| statement.effect == Effect::Deny || statement.conditions.is_empty());
        }
        policy
    }
}
