//! An organization of many accounts: AWS Organizations lists them in pages of twenty, STS lets into each with a key of its
//! own, and the key says whose calls the rest are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Broken, Call, Reply, Stub, refusal};

/// Secrets of the sessions in the accounts, which must never come out of the program.
pub(crate) const ROLE_SECRETS: [&str; 2] = ["canary-role-secret-4e7a", "canary-role-token-b1c9"];
const PAGE: usize = 20;

/// How an account behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Fine,
    /// Answers, and its passwords may be short.
    Weak,
    /// Lets nobody in.
    Refused,
    /// STS asks to come again later, for ever.
    Throttled,
    /// Lets in, and never answers what is asked.
    Slow,
    /// Was closed.
    Suspended,
}

/// The organization as a server, with what changes while it runs.
pub(crate) struct Organization {
    pub(crate) stub: Stub,
    /// Once true, every account that is not suspended answers.
    pub(crate) healed: Arc<AtomicBool>,
    kinds: BTreeMap<String, Kind>,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) accounts: usize,
    pub(crate) kind: fn(usize) -> Kind,
    /// Seconds until the credentials of a first session expire.
    pub(crate) first_session: i64,
    /// How long STS takes to say whose account it is.
    pub(crate) identity_takes: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let kind = |_| Kind::Fine;
        Self { accounts: 12, kind, first_session: 3600, identity_takes: Duration::ZERO }
    }
}

/// The id of an account; number 0 is the management account.
pub(crate) fn id(number: usize) -> String {
    format!("{:012}", 100_000_000_000 + number)
}

impl Organization {
    pub(crate) fn serve(settings: &Settings) -> Self {
        Self::serve_with(settings, |_| None)
    }

    /// Serves with answers of a test's own before those of the organization.
    pub(crate) fn serve_with(
        settings: &Settings,
        first: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let kinds: BTreeMap<String, Kind> =
            (0..settings.accounts).map(|number| (id(number), (settings.kind)(number))).collect();
        let healed = Arc::new(AtomicBool::new(false));
        let served = Served {
            kinds: kinds.clone(),
            healed: Arc::clone(&healed),
            sessions: Mutex::default(),
            settings: settings.clone(),
        };
        let stub = Stub::serve(move |call| first(call).unwrap_or_else(|| served.answer(call)));
        Self { stub, healed, kinds }
    }

    /// The accounts of a kind.
    pub(crate) fn of(&self, kinds: &[Kind]) -> BTreeSet<String> {
        self.kinds.iter().filter(|(_, kind)| kinds.contains(kind)).map(|(id, _)| id.clone()).collect()
    }

    /// How often each account was entered.
    pub(crate) fn entered(&self) -> BTreeMap<String, usize> {
        let mut entered = BTreeMap::new();
        for call in self.stub.calls().iter().filter(|call| call.operation == "AssumeRole") {
            *entered.entry(account_of_role(call)).or_default() += 1;
        }
        entered
    }
}

struct Served {
    kinds: BTreeMap<String, Kind>,
    healed: Arc<AtomicBool>,
    sessions: Mutex<BTreeMap<String, usize>>,
    settings: Settings,
}

fn account_of_role(call: &Call) -> String {
    call.members["RoleArn"].as_str().unwrap().split(':').nth(4).unwrap().to_owned()
}

/// The account that a key belongs to, as the session's own says.
fn account_of_key(call: &Call) -> String {
    call.key.strip_prefix("ASIA").map_or_else(|| id(0), |rest| rest[..12].to_owned())
}

impl Served {
    fn answer(&self, call: &Call) -> Reply {
        match (call.service.as_str(), call.operation.as_str()) {
            ("organizations", operation) => self.organizations(operation, call),
            ("sts", "AssumeRole") => self.assume_role(call),
            ("sts", _) => {
                std::thread::sleep(self.settings.identity_takes);
                let account = account_of_key(call);
                let arn = format!("arn:aws:sts::{account}:assumed-role/posture-audit/posture");
                Reply::Answer(json!({ "UserId": "AROAEXAMPLE:posture", "Account": account, "Arn": arn }))
            }
            ("account", _) => Reply::Answer(json!({
                "Regions": [{ "RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT" }]
            })),
            // Within four hours AWS answers with the report that is there.
            ("iam", "GenerateCredentialReport") => Reply::Answer(json!({ "State": "COMPLETE" })),
            ("iam", "GetCredentialReport") => Reply::Answer(json!({
                "Content": "user,arn\n", "ReportFormat": "text/csv", "GeneratedTime": "2026-01-01T00:00:00Z"
            })),
            ("iam", "GetAccountPasswordPolicy") => self.password_policy(call),
            _ => refusal("AccessDenied"),
        }
    }

    fn kind(&self, account: &str) -> Kind {
        match self.kinds.get(account) {
            Some(Kind::Refused | Kind::Throttled | Kind::Slow) if self.healed.load(Ordering::Relaxed) => Kind::Fine,
            Some(kind) => *kind,
            None => Kind::Refused,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "sessions expire by the clock")]
    fn assume_role(&self, call: &Call) -> Reply {
        let account = account_of_role(call);
        match self.kind(&account) {
            Kind::Refused | Kind::Suspended => {
                let role = call.members["RoleArn"].as_str().unwrap();
                let message = format!(
                    "User: arn:aws:iam::{}:user/ci is not authorized to perform: sts:AssumeRole on resource: {role}",
                    id(0)
                );
                Reply::Refusal(403, "AccessDenied".to_owned(), message)
            }
            Kind::Throttled => refusal("Throttling"),
            Kind::Fine | Kind::Weak | Kind::Slow => {
                let mut sessions = self.sessions.lock().unwrap();
                let session = sessions.entry(account.clone()).or_default();
                let seconds = if *session == 0 { self.settings.first_session } else { 3600 };
                *session += 1;
                let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
                Reply::Answer(json!({
                    "Credentials": {
                        "AccessKeyId": format!("ASIA{account}{session:04}"),
                        "SecretAccessKey": ROLE_SECRETS[0],
                        "SessionToken": ROLE_SECRETS[1],
                        "Expiration": format!("{expires:.0}"),
                    },
                    "AssumedRoleUser": {
                        "AssumedRoleId": "AROAEXAMPLE:posture",
                        "Arn": format!("arn:aws:sts::{account}:assumed-role/posture-audit/posture"),
                    },
                }))
            }
        }
    }

    fn password_policy(&self, call: &Call) -> Reply {
        let length = match self.kind(&account_of_key(call)) {
            Kind::Slow => return Reply::Broken(Broken::Hang),
            Kind::Weak => 8,
            _ => 14,
        };
        Reply::Answer(json!({ "PasswordPolicy": { "MinimumPasswordLength": length, "ExpirePasswords": false } }))
    }

    /// Accounts lie in turn in the root, in `Prod` and in `Prod/Payments`.
    fn organizations(&self, operation: &str, call: &Call) -> Reply {
        let about = |name: &str| call.members[name].as_str().unwrap_or_default().to_owned();
        let units = ["r-ab12", "ou-ab12-prod", "ou-ab12-payments"];
        let place = |account: &str| account[9..].parse::<usize>().unwrap() % 3;
        let account = |id: &String| {
            let state = if self.kinds[id] == Kind::Suspended { "SUSPENDED" } else { "ACTIVE" };
            let arn = format!("arn:aws:organizations::{}:account/o-exampleorg/{id}", super::organization::id(0));
            json!({ "Id": id, "Arn": arn, "Name": format!("team {}", &id[9..]), "Email": "canary-mail@example.com", "Status": state })
        };
        match operation {
            "ListAccounts" => page("Accounts", self.kinds.keys().map(account), call),
            "ListRoots" => Reply::Answer(json!({ "Roots": [{ "Id": units[0], "Name": "Root" }] })),
            "ListOrganizationalUnitsForParent" => {
                let below = match about("ParentId").as_str() {
                    "r-ab12" => json!([{ "Id": units[1], "Name": "Prod" }]),
                    "ou-ab12-prod" => json!([{ "Id": units[2], "Name": "Payments" }]),
                    _ => json!([]),
                };
                Reply::Answer(json!({ "OrganizationalUnits": below }))
            }
            "ListAccountsForParent" => {
                let here = |id: &&String| units[place(id)] == about("ParentId");
                page("Accounts", self.kinds.keys().filter(here).map(account), call)
            }
            "ListTagsForResource" => {
                let tags = match place(&about("ResourceId")) {
                    0 => json!([]),
                    _ => json!([{ "Key": "cost", "Value": "1" }, { "Key": "owner", "Value": "ann" }]),
                };
                Reply::Answer(json!({ "Tags": tags }))
            }
            _ => refusal("AccessDeniedException"),
        }
    }
}

fn page(member: &str, items: impl Iterator<Item = Value>, call: &Call) -> Reply {
    let items: Vec<Value> = items.collect();
    let start: usize = call.token().map_or(0, |token| token.strip_prefix("from-").unwrap().parse().unwrap());
    let mut answer = json!({});
    answer[member] = items.iter().skip(start).take(PAGE).cloned().collect();
    if start + PAGE < items.len() {
        answer["NextToken"] = json!(format!("from-{}", start + PAGE));
    }
    Reply::Answer(answer)
}
