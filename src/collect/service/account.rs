//! AWS Account Management: contacts, and the Regions that are enabled.

use aws_sdk_account::Client;
use aws_sdk_account::types::{self, AlternateContactType};
use futures_util::future::join;

use super::{Collector, Work};
use crate::collect::context::{Context, client, nothing, request};
use crate::collect::convert::{IntoShape, shape, words};
use crate::collect::regions;
use crate::collect::together::all;
use crate::snapshot::shapes::account::{
    AlternateContact, ContactInformation, GetAlternateContact, GetContactInformation, Region,
};
use crate::snapshot::{Operation, Request};

pub(super) struct Account;

impl Collector for Account {
    fn start<'a>(&self, context: &'a Context<'a>) -> Option<Work<'a>> {
        Some(Box::pin(async move {
            let client = client!(context, aws_sdk_account, context.leader());
            let kinds =
                [AlternateContactType::Billing, AlternateContactType::Operations, AlternateContactType::Security];
            let alternates = all(kinds.into_iter().map(|kind| alternate_contact(context, &client, kind)));
            join(regions::asked(context), join(contact(context, &client), alternates)).await;
        }))
    }
}

async fn contact(context: &Context<'_>, client: &Client) {
    let region = context.leader();
    let answer = async {
        let sent = || Box::pin(client.get_contact_information().send());
        let output = context.send(Operation::AccountGetContactInformation, region, sent).await?;
        Ok(GetContactInformation {
            contact_information: output.contact_information.shape(),
            verification_status: output.verification_status.shape(),
        })
    };
    context.observe(region, Request::new(), answer, nothing).await;
}

async fn alternate_contact(context: &Context<'_>, client: &Client, kind: AlternateContactType) {
    let region = context.leader();
    let asked = request([("AlternateContactType", kind.as_str().into())]);
    let answer = async {
        let sent = || Box::pin(client.get_alternate_contact().alternate_contact_type(kind).send());
        let output = context.send(Operation::AccountGetAlternateContact, region, sent).await?;
        Ok(GetAlternateContact { alternate_contact: output.alternate_contact.shape() })
    };
    context.observe(region, asked, answer, nothing).await;
}

shape! {
    types::ContactInformation => ContactInformation {
        full_name, company_name, address_line1, city, state_or_region, country_code, postal_code, phone_number,
    }
    types::AlternateContact => AlternateContact { alternate_contact_type, name, title, email_address, phone_number }
    types::Region => Region { region_name, region_opt_status }
}

words!(types::AlternateContactType, types::PhoneNumberVerificationStatus, types::RegionOptStatus);
