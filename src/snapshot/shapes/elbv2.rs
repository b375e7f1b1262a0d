//! Elastic Load Balancing: application, network and gateway load balancers.

shapes! {
    DescribeLoadBalancers { load_balancers: Vec<LoadBalancer>, next_marker: String }
    LoadBalancer {
        load_balancer_arn: String,
        load_balancer_name: String,
        #[serde(rename = "Type")]
        kind: String,
    }
    DescribeLoadBalancerAttributes { attributes: Vec<Attribute> }
    Attribute { key: String, value: String }
}
