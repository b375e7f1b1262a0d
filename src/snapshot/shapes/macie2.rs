//! Amazon Macie. The members of this service begin in lower case.

camel_case_shapes! {
    GetMacieSession { status: String }
}
