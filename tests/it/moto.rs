//! Live collecting against moto, a simulation of AWS that others wrote: counts of calls, and memory.
//!
//! moto comes from `PyPI`, into the folder that the closed loop of `posture fix` shares.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use posture::snapshot::shapes::iam::GetAccountAuthorizationDetails;
use posture::snapshot::{Outcome, Said, Snapshot, SnapshotReader};
use serde_json::{Value, json};

use crate::closed_loop::installed;
use crate::program::{Run, posture, run};
use crate::stub::relay::{Relay, exchange};
use crate::stub::{Call, Request};

/// A server of its own for each test: accounts do not meet.
pub(crate) struct Moto {
    process: Child,
    port: u16,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(installed().join("bin/moto_server"));
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("PYTHONUNBUFFERED", "1");
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "moto ended before it listened");
            if let Some((_, port)) = line.trim_end().rsplit_once("http://127.0.0.1:") {
                break port.parse().unwrap();
            }
        };
        // moto logs every request: somebody has to read it, or the pipe fills and moto waits.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let moto = Self { process, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", moto.port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "moto does not listen");
        }
        moto
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Has moto refuse what policies do not allow, or nothing.
    pub(crate) fn enforce(&self, enforced: bool) {
        let free = if enforced { "0" } else { "inf" };
        let kind = ("content-type", "text/plain");
        self.call("moto-api", "us-east-1", "POST /moto-api/reset-auth", &[kind], free);
    }

    /// Makes one IAM call.
    pub(crate) fn iam(&self, form: &str) {
        drop(self.form("iam", "us-east-1", "2010-05-08", form));
    }

    /// Makes one call of a service that takes forms.
    pub(crate) fn form(&self, service: &str, region: &str, version: &str, form: &str) -> String {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.call(service, region, "POST /", &[kind], &format!("{form}&Version={version}"))
    }

    /// Makes one call, and returns the answer's body.
    fn call(&self, service: &str, region: &str, what: &str, headers: &[(&str, &str)], body: &str) -> String {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20261122/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let host = format!("{service}.amazonaws.com");
        let common = [("host", host.as_str()), ("authorization", scope.as_str())];
        let headers =
            common.iter().chain(headers).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (method, path) = what.split_once(' ').unwrap();
        let request =
            Request { method: method.to_owned(), path: path.to_owned(), headers, body: body.as_bytes().to_vec() };
        let answer = String::from_utf8(exchange(self.port, &request).unwrap()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 20"), "{what} {body}: {answer}");
        answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Collects from moto in one Region, counting calls.
fn collect(moto: &Moto) -> (Run, Snapshot, Vec<Call>) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let relay = Relay::to(moto.port);
    let run = run(posture(home.path(), &relay.url()).args(["snapshot", "--region", "us-east-1", "-o"]).arg(&file));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let snapshot = SnapshotReader::open(&file).unwrap().next().unwrap().unwrap();
    (run, snapshot, relay.calls())
}

fn users(snapshot: &Snapshot) -> usize {
    let answers = snapshot.answers::<GetAccountAuthorizationDetails>();
    let users = answers.filter_map(|answer| match answer.said {
        Said::Present(details) => details.user_detail_list.as_ref().map(Vec::len),
        _ => None,
    });
    users.sum()
}

#[test]
fn two_thousand_users_cost_no_more_calls_than_ten_and_little_memory() {
    let moto = Moto::start();
    (0..10).for_each(|number| moto.iam(&format!("Action=CreateUser&UserName=user-{number}")));
    let (_, small, few) = collect(&moto);
    assert_eq!(users(&small), 10);

    let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGetObject%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";
    for number in 10..2000 {
        moto.iam(&format!("Action=CreateUser&UserName=user-{number}"));
        if number % 4 == 0 {
            moto.iam(&format!("Action=PutUserPolicy&UserName=user-{number}&PolicyName=read&PolicyDocument={policy}"));
        }
    }
    let (run, large, many) = collect(&moto);
    assert_eq!(users(&large), 2000);
    println!("{} calls, {} KiB at most", many.len(), run.peak_kib);
    // moto gives all users in one page, so not one call may be added. Retries of what moto lacks are no calls of their own.
    let distinct = |calls: &[Call]| -> BTreeSet<String> {
        calls.iter().map(|call| format!("{}:{} {:?}", call.service, call.operation, call.token())).collect()
    };
    let (few_calls, many_calls) = (distinct(&few), distinct(&many));
    assert!(many_calls.is_subset(&few_calls), "{:#?}", &many_calls - &few_calls);
    assert!(many.len() <= 150, "{} calls", many.len());
    assert!(run.peak_kib < 100 * 1024, "{} KiB", run.peak_kib);
}

/// The answer of one operation, told apart by a member of the request where it was asked more than once.
fn answered<'a>(snapshot: &'a Value, operation: &str, about: &str) -> &'a Value {
    let observations = snapshot["observations"].as_array().unwrap().iter();
    let mut found = observations.filter(|one| one["operation"] == operation && one.to_string().contains(about));
    let one = found.next().unwrap_or_else(|| panic!("{operation} was not asked about {about:?}"));
    assert!(one.get("response").is_some(), "{one}");
    &one["response"]
}

#[test]
fn what_runs_in_motos_account_is_gathered() {
    let moto = Moto::start();
    let json = ("content-type", "application/json");
    moto.call("s3", "us-east-1", "PUT /my.first.bucket", &[], "");
    moto.call("s3", "us-east-1", "PUT /my.first.bucket?policy", &[], r#"{"Version":"2012-10-17","Statement":[]}"#);
    let ireland =
        "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    moto.call("s3", "eu-west-1", "PUT /second-bucket", &[], ireland);
    let key = moto.call("kms", "us-east-1", "POST /", &[("x-amz-target", "TrentService.CreateKey")], "{}");
    let key: Value = serde_json::from_str(&key).unwrap();
    let key = json!({ "KeyId": key["KeyMetadata"]["KeyId"] }).to_string();
    moto.call("kms", "us-east-1", "POST /", &[("x-amz-target", "TrentService.EnableKeyRotation")], &key);
    let encrypted = r#"{"CreationToken":"x","Encrypted":true}"#;
    moto.call("elasticfilesystem", "us-east-1", "POST /2015-02-01/file-systems", &[json], encrypted);
    let database = "Action=CreateDBInstance&DBInstanceIdentifier=db&DBInstanceClass=db.t3.micro&Engine=postgres\
        &AllocatedStorage=20&MasterUsername=u&MasterUserPassword=example-words";
    moto.form("rds", "us-east-1", "2014-10-31", database);
    moto.form("ec2", "us-east-1", "2016-11-15", "Action=RunInstances&ImageId=ami-12c6146b&MinCount=1&MaxCount=1");

    let (_, snapshot, _) = collect(&moto);
    let snapshot = serde_json::to_value(snapshot).unwrap();
    let names = answered(&snapshot, "ListBuckets", "")["Buckets"].to_string();
    assert!(names.contains("my.first.bucket") && names.contains("second-bucket"), "{names}");
    let policy = &answered(&snapshot, "GetBucketPolicy", "my.first.bucket")["Policy"];
    assert_eq!(policy, r#"{"Version":"2012-10-17","Statement":[]}"#);
    let grant = &answered(&snapshot, "GetBucketAcl", "second-bucket")["Grants"][0];
    assert_eq!(grant, &json!({ "Grantee": { "Type": "CanonicalUser" }, "Permission": "FULL_CONTROL" }));
    assert_eq!(answered(&snapshot, "GetKeyRotationStatus", "")["KeyRotationEnabled"], true);
    assert_eq!(answered(&snapshot, "DescribeFileSystems", "")["FileSystems"][0]["Encrypted"], true);
    let database = &answered(&snapshot, "DescribeDBInstances", "")["DBInstances"][0];
    assert_eq!((&database["Engine"], &database["StorageEncrypted"]), (&json!("postgres"), &json!(false)));
    assert!(database["DBSubnetGroup"]["VpcId"].is_string() || database["DBParameterGroups"].is_array(), "{database}");
    let instance = &answered(&snapshot, "DescribeInstances", "")["Reservations"][0]["Instances"][0];
    assert_eq!(
        (&instance["State"]["Name"], &instance["MetadataOptions"]["HttpTokens"]),
        (&json!("running"), &json!("optional"))
    );
    assert_eq!(answered(&snapshot, "DescribeVolumes", "")["Volumes"][0]["State"], "in-use");
    let vpc = &answered(&snapshot, "DescribeVpcs", "")["Vpcs"][0];
    assert_eq!(vpc["IsDefault"], true);
    let group = &answered(&snapshot, "DescribeSecurityGroups", "")["SecurityGroups"][0];
    assert_eq!((&group["GroupName"], &group["VpcId"]), (&json!("default"), &vpc["VpcId"]));
    assert_eq!(answered(&snapshot, "DescribeNetworkAcls", "")["NetworkAcls"][0]["IsDefault"], true);
}

#[test]
fn what_moto_answers_is_read_and_what_it_lacks_is_an_error() {
    let moto = Moto::start();
    moto.iam("Action=CreateUser&UserName=anna");
    moto.iam("Action=CreateGroup&GroupName=admins");
    moto.iam("Action=AddUserToGroup&UserName=anna&GroupName=admins");
    moto.iam("Action=CreateAccountAlias&AccountAlias=bootcamp");
    let (_, snapshot, _) = collect(&moto);
    let answered: Vec<&str> = snapshot
        .observations()
        .iter()
        .filter(|one| matches!(one.outcome, Outcome::Answered(_)))
        .map(|one| one.operation.label())
        .collect();
    for operation in ["iam:GetAccountSummary", "iam:GetCredentialReport", "iam:ListAccountAliases", "events:ListRules"]
    {
        assert!(answered.contains(&operation), "{operation} was not answered: {answered:?}");
    }
    // moto has no account:GetContactInformation: its 404 must not look like an account without contacts.
    let contact =
        snapshot.observations().iter().find(|one| one.operation.spec().name == "GetContactInformation").unwrap();
    assert!(matches!(&contact.outcome, Outcome::Failed(_)));
    let details: Vec<_> = snapshot.answers::<GetAccountAuthorizationDetails>().collect();
    assert_eq!(details.len(), 4);
}
