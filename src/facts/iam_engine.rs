//! The policy engine over the principals and policies of a snapshot: what facts about access are worked out with.
//!
//! What needs all principals at once is worked out when a rule first asks for it, because on large accounts it costs more
//! than everything else.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use rayon::prelude::*;

use super::authorization;
use super::iam_escalation::Escalations;
use super::iam_glance::{Glance, Look, surely_beyond_mfa};
use super::iam_user::AT_ONCE;
use super::{Gap, MALFORMED, Observed, Origin, UNDECIDED};
use crate::iam::access::Access;
use crate::iam::account::{Account, Attached, DocumentId, Principal};
use crate::iam::document::Rule;
use crate::iam::pattern::Pattern;
use crate::iam::shared::Answers;
use crate::iam::{Effect, Keys, Truth};
use crate::snapshot::{Said, Snapshot, shapes::iam};

/// The principals and policies of a snapshot, ready for questions.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) account: Account,
    /// Managed policies by ARN: whether they are attached to anything, where AWS says so.
    pub(super) attached: BTreeMap<String, Option<bool>>,
    /// Why there may be more.
    pub(super) gaps: Vec<Gap>,
    /// Where the answers begin.
    pub(super) origin: Origin,
    /// The control policies of the organization, as far as the snapshot holds them.
    pub(super) guardrails: Account,
    /// What a look at each document tells, by its position.
    glances: Vec<Glance>,
    /// Whether policies insist on MFA, and whether they administer the account.
    insists: Answers<Truth>,
    admins: Answers<Truth>,
    escalations: OnceLock<Escalations>,
    /// Of users, by the position of the principal: whether they administer the account, and whether their policies insist on MFA. Empty
    /// unless it was worked out ahead.
    pub(super) users: Vec<Option<[Truth; 2]>>,
}

/// See [`Engine::is_small`].
const FEW: usize = 500;

impl Engine {
    /// How principals could become administrator, worked out once.
    pub(super) fn escalations(&self) -> &Escalations {
        self.escalations.get_or_init(|| Escalations::read(&self.account))
    }

    /// The same, if anybody asked for it yet.
    pub(super) fn known_escalations(&self) -> Option<&Escalations> {
        self.escalations.get()
    }

    /// Whether there are so few principals that their ways to administrator take one processor milliseconds.
    pub(super) fn is_small(&self) -> bool {
        self.account.principals().len() <= FEW
    }

    /// Reads the authorization details of a snapshot.
    pub(crate) fn read(snapshot: &Snapshot) -> Self {
        let read = || {
            let mut builder = Account::builder(&snapshot.account, &snapshot.partition, Some(snapshot.collected_at));
            for answer in snapshot.answers::<iam::GetAccountAuthorizationDetails>() {
                if let Said::Present(details) = answer.said {
                    builder.add(details, &authorization::filters(answer.observation));
                }
            }
            builder.build()
        };
        let (account, (attached, mut gaps)) = rayon::join(read, || beside(snapshot));
        let unread = account.unread().iter();
        gaps.extend(unread.map(|reason| Gap::of_reason(MALFORMED, reason.clone())));
        gaps.sort();
        gaps.dedup();
        Self {
            glances: glances(&account),
            account,
            attached,
            gaps,
            origin: first_answer(snapshot),
            guardrails: super::iam_question::guardrails(snapshot),
            insists: Answers::default(),
            admins: Answers::default(),
            escalations: OnceLock::new(),
            users: Vec::new(),
        }
    }

    /// Whether a user administers the account, and whether its policies insist on MFA; `None` for a user that the
    /// authorization details do not hold.
    pub(crate) fn of_user(&self, arn: &str) -> Option<(Observed<bool>, Observed<bool>)> {
        let position = self.account.position(arn)?;
        let known = self.users.get(position).cloned().flatten();
        let [admin, enforced] = match known {
            Some(known) => known,
            None => self.judge(self.account.principals().get(position)?),
        };
        Some((self.observed(admin), self.observed(enforced)))
    }

    /// Whether a principal administers the account, and whether its policies insist on MFA.
    pub(super) fn judge(&self, principal: &Principal) -> [Truth; 2] {
        let enforced =
            if self.is_plainly_without_mfa(principal) { Truth::False } else { self.insists_on_mfa(principal) };
        [self.is_admin(principal), enforced]
    }

    /// Whether the policies of a principal insist on MFA, worked out once for all with the same.
    fn insists_on_mfa(&self, principal: &Principal) -> Truth {
        let access = Access::new(&self.account, principal).without_what_awaits_mfa();
        // What is settled without the statements that add nothing is settled; what it depends on, they may tell otherwise.
        let fewer = access.clone().without_needless();
        let settled = fewer.basis().map(|basis| self.insists.get(basis, || fewer.mfa().enforced));
        if let Some(settled @ (Truth::True | Truth::False)) = settled.as_deref() {
            return settled.clone();
        }
        let work_out = || access.mfa().enforced;
        match access.basis() {
            Some(basis) => self.insists.get(basis, work_out).as_ref().clone(),
            None => work_out(),
        }
    }

    /// Whether a look at the policies of a principal shows that they give more than setting up MFA without it.
    fn is_plainly_without_mfa(&self, principal: &Principal) -> bool {
        let bounds = self.account.bounds(principal);
        if !self.glance(principal).is_some_and(|glance| glance.beyond_mfa)
            || bounds.iter().any(|bound| !bound.unknown().is_empty())
        {
            return false;
        }
        let rules = |document: DocumentId| self.account.rules(document);
        let identity: Vec<&Rule> = self.documents(principal).flat_map(rules).collect();
        let of_bound = |policies: &[&Attached]| -> Vec<&Rule> {
            policies.iter().filter_map(|attached| attached.document).flat_map(rules).collect()
        };
        let bounds: Vec<Vec<&Rule>> = bounds.iter().map(|bound| of_bound(&bound.policies)).collect();
        surely_beyond_mfa(&identity, &bounds, Look::everything())
    }

    /// The documents of the identity policies of a principal that are known.
    fn documents<'a>(&'a self, principal: &'a Principal) -> impl Iterator<Item = DocumentId> + 'a {
        let groups = principal.groups.iter().filter_map(|name| self.account.groups().get(name.as_ref()));
        let policies = principal.policies.iter().chain(groups.flat_map(|group| group.policies.iter()));
        policies.filter_map(|attached| attached.document)
    }

    /// What a look at the policies of a principal tells; `None` where some of them are not known.
    pub(super) fn glance(&self, principal: &Principal) -> Option<Glance> {
        let glances = self.documents(principal).filter_map(|document| self.glances.get(document.index()).copied());
        principal.unknown.is_empty().then(|| glances.fold(Glance::default(), Glance::and))
    }

    /// Whether a principal has full control of IAM.
    pub(super) fn is_admin(&self, principal: &Principal) -> Truth {
        match self.glance(principal) {
            Some(glance) if !glance.iam => Truth::False,
            _ => {
                let access = self.access(principal).without_needless_to_administer();
                match access.basis() {
                    Some(basis) => self.admins.get(basis, || access.is_admin()).as_ref().clone(),
                    None => access.is_admin(),
                }
            }
        }
    }

    /// What a principal can do at best: whoever may register a device can meet a condition on MFA.
    pub(super) fn access<'a>(&'a self, principal: &'a Principal) -> Access<'a> {
        Access::new(&self.account, principal).with_mfa()
    }

    pub(super) fn observed(&self, truth: Truth) -> Observed<bool> {
        match truth {
            Truth::True => Observed::Present(true),
            Truth::False => Observed::Present(false),
            Truth::Unknown(keys) => Observed::Unknown(self.doubt(&keys)),
        }
    }

    /// The call that did not answer, else what the documents leave open.
    pub(super) fn doubt(&self, keys: &Keys) -> Gap {
        let open = keys.iter().collect::<Vec<_>>().join(", ");
        self.gaps
            .first()
            .cloned()
            .unwrap_or_else(|| Gap::of_reason(UNDECIDED, format!("what the policies allow depends on {open}")))
    }

    /// Whether a document has a statement that allows everything on everything without a condition.
    pub(super) fn grants_everything(&self, document: Option<DocumentId>) -> Observed<bool> {
        self.statements(document).map(|rules| {
            rules.iter().any(|rule| {
                let (actions, resources) = (&rule.actions, &rule.resources.fixed);
                rule.effect == Effect::Allow
                    && rule.conditions.is_empty()
                    && !actions.excluded
                    && actions.list.iter().any(is_every_action)
                    && !resources.excluded
                    && resources.list.iter().any(Pattern::is_anything)
            })
        })
    }

    /// The statements of a document; unknown when it could not be read.
    pub(super) fn statements(&self, document: Option<DocumentId>) -> Observed<&[Rule]> {
        match document {
            Some(document) => Observed::Present(self.account.rules(document)),
            None => Observed::Unknown(self.gaps.first().cloned().unwrap_or_else(|| {
                Gap::of_reason(MALFORMED, "the policy's document is not in the answers or cannot be read")
            })),
        }
    }
}

/// What the lists say besides what principals may do: whether managed policies are attached, and why there may be more of anything.
fn beside(snapshot: &Snapshot) -> (BTreeMap<String, Option<bool>>, Vec<Gap>) {
    let policies = authorization::policies(snapshot);
    let attached = policies
        .items
        .iter()
        .filter_map(|policy| Some((policy.detail.arn.clone()?, policy.detail.attachment_count.map(|count| count > 0))));
    let attached = attached.collect();
    let mut gaps = policies.gaps;
    gaps.extend(authorization::users(snapshot).gaps);
    gaps.extend(authorization::groups(snapshot).gaps);
    gaps.extend(authorization::roles(snapshot).gaps);
    (attached, gaps)
}

/// What a look at each document tells.
fn glances(account: &Account) -> Vec<Glance> {
    let look = Look::everything();
    let at = |place| Glance::at(account.rules(DocumentId::at(place)), look);
    (0..account.document_count()).into_par_iter().with_min_len(AT_ONCE).map(at).collect()
}

/// The first answer that holds authorization details.
pub(super) fn first_answer(snapshot: &Snapshot) -> Origin {
    let mut answers = snapshot.answers::<iam::GetAccountAuthorizationDetails>();
    let present = answers.find(|answer| matches!(answer.said, Said::Present(_)));
    present.map_or(Origin::NONE, |answer| Origin::at(answer.index, ""))
}

fn is_every_action(pattern: &Pattern) -> bool {
    static EVERY: LazyLock<Pattern> = LazyLock::new(|| Pattern::action("*:*"));
    pattern.is_anything() || *pattern == *EVERY
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{Access, Engine, Truth};
    use crate::snapshot::{Snapshot, SnapshotReader};

    /// The observation of authorization details with these members.
    pub(in crate::facts) fn details(members: &str) -> String {
        format!(
            r#"{{"service":"iam","operation":"GetAccountAuthorizationDetails","region":"us-east-1","response":{{{members}}}}}"#
        )
    }

    /// A snapshot of these observations.
    pub(in crate::facts) fn snapshot(observations: &[String]) -> Snapshot {
        let text = format!(
            r#"{{"format":"posture-snapshot/1","collector":"test","collected_at":"2026-01-01T00:00:00Z",
            "account":"123456789012","partition":"aws","caller":"arn:aws:iam::123456789012:user/auditor","regions":[],
            "observations":[{}]}}"#,
            observations.join(",")
        );
        let bytes = std::io::Cursor::new(text.into_bytes());
        SnapshotReader::from_reader("test".to_owned(), Box::new(bytes)).unwrap().next().unwrap().unwrap()
    }

    /// A group of this name with these inline policies.
    pub(in crate::facts) fn people(policies: &[&str]) -> String {
        let inline: Vec<String> = policies
            .iter()
            .enumerate()
            .map(|(number, document)| format!(r#"{{"PolicyName":"p{number}","PolicyDocument":{document}}}"#))
            .collect();
        format!(
            r#"{{"GroupName":"people","Arn":"arn:aws:iam::123456789012:group/people","AttachedManagedPolicies":[],
            "GroupPolicyList":[{}]}}"#,
            inline.join(",")
        )
    }

    /// A statement: whether it allows, its actions, its resource, and on what it depends.
    type Said = (bool, &'static str, &'static str, &'static str);

    fn said() -> impl Strategy<Value = Said> {
        let actions = prop::sample::select(vec![
            r#""*""#,
            r#""iam:*""#,
            r#""iam:Get*""#,
            r#""iam:EnableMFADevice""#,
            r#""s3:*""#,
            r#""s3:Get*""#,
            r#""S3:g*","sts:*""#,
            r#""ec2:Describe*","iam:*User""#,
            r#""i*:*""#,
        ]);
        let resources =
            prop::sample::select(vec!["*", "arn:aws:s3:::a/*", "arn:aws:iam::123456789012:user/${aws:username}"]);
        let conditions = prop::sample::select(vec![
            "",
            r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            r#","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
            r#","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        ]);
        (prop::bool::weighted(0.7), actions, resources, conditions)
    }

    fn document(said: &[Said]) -> String {
        let statement = |(allows, actions, resource, condition): &Said| {
            let effect = if *allows { "Allow" } else { "Deny" };
            format!(r#"{{"Effect":"{effect}","Action":[{actions}],"Resource":"{resource}"{condition}}}"#)
        };
        let statements: Vec<String> = said.iter().map(statement).collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }

    proptest! {
        #[test]
        fn a_glance_says_what_the_engine_says(
            own in prop::collection::vec(said(), 0..5),
            boundary in prop::option::of(prop::collection::vec(said(), 0..3)),
        ) {
            let bounded = boundary.is_some();
            let boundary = document(&boundary.unwrap_or_default());
            let arn = "arn:aws:iam::123456789012:policy/b";
            let limit = format!(r#","PermissionsBoundary":{{"PermissionsBoundaryArn":"{arn}"}}"#);
            let details = details(&format!(
                r#""UserDetailList":[{{"UserName":"ann","Arn":"arn:aws:iam::123456789012:user/ann","GroupList":[],
                "AttachedManagedPolicies":[],"UserPolicyList":[{{"PolicyName":"own","PolicyDocument":{}}}]{}}}],
                "GroupDetailList":[],"RoleDetailList":[],"Policies":[{{"Arn":"{arn}","DefaultVersionId":"v1",
                "PolicyVersionList":[{{"VersionId":"v1","Document":{boundary}}}]}}]"#,
                document(&own), if bounded { &limit } else { "" }
            ));
            let engine = Engine::read(&snapshot(&[details]));
            let ann = engine.account.principal("arn:aws:iam::123456789012:user/ann").unwrap();
            if engine.is_plainly_without_mfa(ann) {
                prop_assert_eq!(Access::new(&engine.account, ann).mfa().enforced, Truth::False);
            }
            prop_assert_eq!(engine.insists_on_mfa(ann), Access::new(&engine.account, ann).mfa().enforced);
            prop_assert_eq!(engine.is_admin(ann), engine.access(ann).is_admin());
        }
    }
}
