//! What authorization details tell by themselves, before the rest of a snapshot is there.

use rayon::prelude::*;

use super::iam_engine::{Engine, first_answer};
use super::iam_policy::IamPolicy;
use super::iam_question::guardrails;
use super::iam_user::AT_ONCE;
use super::resource::Kind;
use crate::iam::account::{Principal, PrincipalKind};
use crate::snapshot::Snapshot;

/// What authorization details tell by themselves, worked out before the rest of the snapshot is there.
#[derive(Debug)]
pub struct Ahead(Engine);

impl Ahead {
    /// Works out what rules on things of these kinds ask first. The snapshot may hold no more than the authorization details.
    pub fn of(details: &Snapshot, kinds: &[&Kind]) -> Self {
        let mut engine = Engine::read(details);
        let of_user = |principal: &Principal| (principal.kind == PrincipalKind::User).then(|| engine.judge(principal));
        engine.users = engine.account.principals().par_iter().with_min_len(AT_ONCE).map(of_user).collect();
        if kinds.iter().any(|kind| kind.schema == IamPolicy::SCHEMA) {
            engine.escalations();
        }
        Self(engine)
    }

    /// Completes it by the snapshot of which the authorization details were a part; what was worked out of another is of no use.
    pub(super) fn complete(self, snapshot: &Snapshot) -> Engine {
        let account = &self.0.account;
        if account.id != snapshot.account || account.now != Some(snapshot.collected_at) {
            return Engine::read(snapshot);
        }
        let mut engine = self.0;
        engine.origin = first_answer(snapshot);
        engine.guardrails = guardrails(snapshot);
        engine
    }
}

#[cfg(test)]
mod tests {
    use super::Ahead;
    use crate::facts::iam_engine::tests::{details, people, snapshot};
    use crate::facts::{Facts, KINDS, Kind, Observed, Oracle, Question};

    const WITHIN_THE_ORGANIZATION: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}},{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#;

    #[test]
    fn what_is_worked_out_ahead_is_completed_by_the_rest_of_the_snapshot() {
        let details = details(&format!(
            r#""UserDetailList":[{{"UserName":"ann","Arn":"arn:aws:iam::123456789012:user/ann","GroupList":["people"],
            "AttachedManagedPolicies":[]}}],"GroupDetailList":[{}],"RoleDetailList":[],"Policies":[]"#,
            people(&[WITHIN_THE_ORGANIZATION])
        ));
        let member = r#"{"service":"organizations","operation":"DescribeOrganization","region":"us-east-1","response":{"Organization":
            {"Id":"o-abc","MasterAccountId":"123456789012","FeatureSet":"ALL"}}}"#;
        // It stands before the details, so that these stand elsewhere than in the part.
        let alias = r#"{"service":"account","operation":"GetContactInformation","region":"us-east-1","error":{"code":"AccessDenied"}}"#;
        let whole = snapshot(&[alias.to_owned(), details.clone(), member.to_owned()]);
        let kinds: Vec<&Kind> = KINDS.iter().collect();
        let ahead = Ahead::of(&snapshot(&[details]), &kinds);
        assert!(ahead.0.known_escalations().is_some());
        let facts = Facts::build_to_list(&whole, None, &kinds, Some(ahead));
        let otherwise = Facts::build(&whole, None);
        assert_eq!(format!("{:?}", facts.users), format!("{:?}", otherwise.users));
        assert_eq!(format!("{:?}", facts.account), format!("{:?}", otherwise.account));
        assert_eq!(format!("{:?}", facts.policies()), format!("{:?}", otherwise.policies()));
        assert_eq!(format!("{:?}", facts.principals()), format!("{:?}", otherwise.principals()));
        let ann = Some("arn:aws:iam::123456789012:user/ann");
        let question = Question { who: ann, action: "s3:GetObject", resource: None, without_mfa: false };
        // Which organization that is stands in the rest alone.
        assert_eq!(facts.can(&question), Observed::Present(true));
        assert_eq!(facts.can(&question), otherwise.can(&question));
        assert_eq!((facts.origin().observation, otherwise.origin().observation), (Some(1), Some(1)));
        let mut other = snapshot(&[]);
        other.account = "999999999999".to_owned();
        let mistaken = Facts::build_to_list(&whole, None, &kinds, Some(Ahead::of(&other, &kinds)));
        assert_eq!(format!("{:?}", mistaken.users), format!("{:?}", otherwise.users));
    }
}
