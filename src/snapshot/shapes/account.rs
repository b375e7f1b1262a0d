//! AWS Account Management.

shapes! {
    GetContactInformation { contact_information: ContactInformation, verification_status: String }
    ContactInformation {
        full_name: String,
        company_name: String,
        address_line1: String,
        city: String,
        state_or_region: String,
        country_code: String,
        postal_code: String,
        phone_number: String,
    }
    GetAlternateContact { alternate_contact: AlternateContact }
    AlternateContact {
        alternate_contact_type: String,
        name: String,
        title: String,
        email_address: String,
        phone_number: String,
    }
    ListRegions { regions: Vec<Region>, next_token: String }
    Region { region_name: String, region_opt_status: String }
}
