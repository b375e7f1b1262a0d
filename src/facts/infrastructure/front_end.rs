//! What the web reaches: CloudFront distributions, application load balancers and stages of API Gateway.

use super::regional::{Page, Regional, arn};
use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::{Fact, Gap, List, MEMBER_MISSING, Observed, Origin, Resource, Source};
use crate::snapshot::shapes::{apigateway, apigatewayv2, cloudfront, elbv2};
use crate::snapshot::{Shape, Snapshot};

facts! {
    /// A front end of web applications.
    FrontEnd as "web-front-end" {
        /// The distribution's id, the load balancer's name, or API and stage.
        name: String => [
            CloudfrontListDistributions, Elbv2DescribeLoadBalancers, ApigatewayGetRestApis, ApigatewayGetStages,
            Apigatewayv2GetApis, Apigatewayv2GetStages
        ];
        /// `distribution`, `load balancer` or `API stage`.
        service: String => [];
        /// Where requests are logged; absent when nowhere.
        log_destination: String => [
            CloudfrontGetDistributionConfig, Elbv2DescribeLoadBalancerAttributes, ApigatewayGetStages,
            Apigatewayv2GetStages
        ];
    }
}

/// Builds the front ends.
pub(super) fn build(snapshot: &Snapshot) -> List<Resource<FrontEnd>> {
    let parts = [distributions(snapshot), load_balancers(snapshot), rest_stages(snapshot), http_stages(snapshot)];
    let mut all = List { items: Vec::new(), gaps: Vec::new() };
    for part in parts {
        all.items.extend(part.items);
        all.gaps.extend(part.gaps);
    }
    all.items.sort_by(|one, two| one.id.cmp(&two.id));
    all
}

fn front_end(name: String, origin: Origin, service: &str, log_destination: Fact<String>) -> FrontEnd {
    let service = Fact::derived(Observed::Present(service.to_owned()));
    FrontEnd { name: Fact::present(name, origin), service, log_destination }
}

fn distributions(snapshot: &Snapshot) -> List<Resource<FrontEnd>> {
    let listed = Regional::global(snapshot, |answer: &cloudfront::ListDistributions| {
        let list = answer.distribution_list.as_ref();
        // AWS leaves the items out when there are none.
        let items = list.map(|list| {
            let items = list.items.iter().flatten().enumerate();
            items.map(|(index, item)| ([super::regional::place(index), 0], item)).collect()
        });
        let token = list.filter(|list| list.is_truncated != Some(false)).and_then(|list| list.next_marker.as_ref());
        Page::nested(items, token)
    });
    let configs = Asked::<cloudfront::GetDistributionConfig>::read(snapshot, "Id");
    let mut found = listed.resources(|element| {
        let id = element.item.id.as_deref()?;
        let arn = element
            .item
            .arn
            .clone()
            .unwrap_or_else(|| arn(snapshot, "cloudfront", "", None, &format!("distribution/{id}")));
        let config = configs.of_unique(element.region(), id);
        let pointer = "/DistributionConfig/Logging";
        let logging = config.required(pointer, |answer| answer.distribution_config.as_ref()?.logging.as_ref());
        let state = logging.state.and_then(|logging| match (logging.enabled, &logging.bucket) {
            (Some(true), Some(bucket)) if !bucket.is_empty() => Observed::Present(bucket.clone()),
            (Some(true), _) => Observed::Present("CloudWatch Logs".to_owned()),
            (Some(false), _) => Observed::Absent,
            (None, _) => Observed::Unknown(config.gap(MEMBER_MISSING, "the answer has no `Logging.Enabled`")),
        });
        let destination = Fact::new(state, logging.origin);
        let name =
            front_end(id.to_owned(), element.origin("/DistributionList/Items/*/Id"), "distribution", destination);
        Some(Resource { id: arn, region: None, facts: name })
    });
    for item in &mut found.items {
        item.region = None;
    }
    found
}

fn load_balancers(snapshot: &Snapshot) -> List<Resource<FrontEnd>> {
    let listed = Regional::read(snapshot, |answer: &elbv2::DescribeLoadBalancers| {
        // Network and gateway load balancers see no requests.
        let items = answer.load_balancers.as_ref().map(|all| {
            let web = all.iter().enumerate().filter(|(_, one)| one.kind.as_deref().is_none_or(|k| k == "application"));
            web.map(|(index, one)| ([super::regional::place(index), 0], one)).collect()
        });
        Page::nested(items, answer.next_marker.as_ref())
    });
    let attributes = Asked::<elbv2::DescribeLoadBalancerAttributes>::read(snapshot, "LoadBalancerArn");
    listed.resources(|element| {
        let arn = element.item.load_balancer_arn.clone()?;
        let name = element.item.load_balancer_name.clone().unwrap_or_else(|| arn.clone());
        let source = attributes.of_unique(element.region(), &arn);
        let origin = element.origin("/LoadBalancers/*/LoadBalancerArn");
        let facts = front_end(name, origin, "load balancer", access_log_bucket(&source));
        Some(Resource { id: arn, region: Some(element.region().to_owned()), facts })
    })
}

fn access_log_bucket(source: &Source<'_, elbv2::DescribeLoadBalancerAttributes>) -> Fact<String> {
    let attributes = source.required("/Attributes", |answer| answer.attributes.as_deref());
    let origin = attributes.origin;
    let state = attributes.state.and_then(|attributes| {
        let value = |key: &str| {
            let found = attributes.iter().find(|attribute| attribute.key.as_deref() == Some(key));
            found.and_then(|attribute| attribute.value.as_deref())
        };
        match value("access_logs.s3.enabled") {
            Some("true") => {
                Observed::Present(value("access_logs.s3.bucket").unwrap_or("a bucket without a name").to_owned())
            }
            Some(_) => Observed::Absent,
            None => Observed::Unknown(source.gap(MEMBER_MISSING, "the answer has no `access_logs.s3.enabled`")),
        }
    });
    Fact::new(state, origin)
}

fn rest_stages(snapshot: &Snapshot) -> List<Resource<FrontEnd>> {
    let listed = Regional::read(snapshot, |answer: &apigateway::GetRestApis| {
        Page::of(answer.items.as_ref(), answer.position.as_ref())
    });
    let stages = Asked::<apigateway::GetStages>::read(snapshot, "restApiId");
    let mut all = List { items: Vec::new(), gaps: listed.gaps() };
    for element in listed.elements() {
        let Some(api) = element.item.id.as_deref() else {
            all.gaps.push(element.gap(MEMBER_MISSING, "an API has no `id`"));
            continue;
        };
        let source = stages.in_region(element.region(), api);
        let found = source.required("/item", |answer| answer.item.as_deref());
        let stages = found.state.map(|stages| {
            let stages = stages.iter().map(|stage| {
                let settings = stage.access_log_settings.as_ref();
                (stage.stage_name.clone(), settings.and_then(|settings| settings.destination_arn.clone()))
            });
            stages.collect()
        });
        let place = Api { kind: "restapis", id: api, region: element.region() };
        add_stages(snapshot, &place, &source, "/item/*", stages, &mut all);
    }
    all
}

fn http_stages(snapshot: &Snapshot) -> List<Resource<FrontEnd>> {
    let listed = Regional::read(snapshot, |answer: &apigatewayv2::GetApis| {
        Page::of(answer.items.as_ref(), answer.next_token.as_ref())
    });
    let stages = Asked::<apigatewayv2::GetStages>::read(snapshot, "ApiId");
    let mut all = List { items: Vec::new(), gaps: listed.gaps() };
    for element in listed.elements() {
        let Some(api) = element.item.api_id.as_deref() else {
            all.gaps.push(element.gap(MEMBER_MISSING, "an API has no `ApiId`"));
            continue;
        };
        let source = stages.in_region(element.region(), api);
        let found = source.required("/Items", |answer| answer.items.as_deref());
        let more = source.state.present().and_then(|answer| source.cut_off(None, answer.next_token.as_ref()));
        all.gaps.extend(more);
        let stages = found.state.map(|stages| {
            let stages = stages.iter().map(|stage| {
                let settings = stage.access_log_settings.as_ref();
                (stage.stage_name.clone(), settings.and_then(|settings| settings.destination_arn.clone()))
            });
            stages.collect()
        });
        let place = Api { kind: "apis", id: api, region: element.region() };
        add_stages(snapshot, &place, &source, "/Items/*", stages, &mut all);
    }
    all
}

/// An API of API Gateway.
struct Api<'a> {
    kind: &'static str,
    id: &'a str,
    region: &'a str,
}

/// Adds the stages of one API: name and log destination of each, or the gap of an API whose stages are not known.
fn add_stages<'a, T: Shape + 'a>(
    snapshot: &Snapshot,
    api: &Api<'_>,
    source: &Source<'a, T>,
    pointer: &'static str,
    stages: Observed<Vec<(Option<String>, Option<String>)>>,
    all: &mut List<Resource<FrontEnd>>,
) {
    let stages = match stages {
        Observed::Present(stages) => stages,
        Observed::Absent => return,
        Observed::Unknown(gap) => return all.gaps.push(gap),
    };
    for (index, (name, destination)) in stages.into_iter().enumerate() {
        let Some(name) = name else {
            all.gaps.push(missing_name(source));
            continue;
        };
        let id =
            format!("arn:{}:apigateway:{}::/{}/{}/stages/{name}", snapshot.partition, api.region, api.kind, api.id);
        let origin = source.origin(pointer).element(index);
        let state = destination.map_or(Observed::Absent, Observed::Present);
        let facts = front_end(format!("{}/{name}", api.id), origin, "API stage", Fact::new(state, origin));
        all.items.push(Resource { id, region: Some(api.region.to_owned()), facts });
    }
}

fn missing_name<'a, T: Shape + 'a>(source: &Source<'a, T>) -> Gap {
    source.gap(MEMBER_MISSING, "a stage has no name")
}
