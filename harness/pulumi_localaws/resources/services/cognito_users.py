"""Cognito: users, their groups, external identity providers and identity pools."""

from collections.abc import Mapping

from pulumi_localaws.resources.input_schema import BOOL, STR, STR_LIST, ListOf, MapOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_IDENTITY = "cognito-identity"
_IDP = "cognito-idp"


def _build_attributes(attributes: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    return [{"Name": name, "Value": value} for name, value in (attributes or {}).items()] or None


def _create_user(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    names = {"UserPoolId": inputs["userPoolId"], "Username": inputs["username"]}
    user = ctx.call(
        _IDP,
        "admin_create_user",
        **names,
        UserAttributes=_build_attributes(inputs.get("attributes")),
        ValidationData=_build_attributes(inputs.get("validationData")),
        ClientMetadata=inputs.get("clientMetadata"),
        DesiredDeliveryMediums=inputs.get("desiredDeliveryMediums"),
        ForceAliasCreation=inputs.get("forceAliasCreation"),
        MessageAction=inputs.get("messageAction"),
        TemporaryPassword=inputs.get("temporaryPassword"),
    )["User"]
    ctx.record_undo(_IDP, "admin_delete_user", **names)
    status = user["UserStatus"]
    if inputs.get("password"):
        ctx.call(_IDP, "admin_set_user_password", **names, Password=inputs["password"], Permanent=True)
        status = "CONFIRMED"
    if inputs.get("enabled") is False:
        ctx.call(_IDP, "admin_disable_user", **names)
    attributes = {attribute["Name"]: attribute["Value"] for attribute in user.get("Attributes", [])}
    outputs = {
        "creationDate": str(user["UserCreateDate"]),
        "lastModifiedDate": str(user["UserLastModifiedDate"]),
        "enabled": inputs.get("enabled", True),
        "status": status,
        "sub": attributes.get("sub", ""),
    }
    return ResourceResult(f"{inputs['userPoolId']}/{inputs['username']}", outputs)


def _check_user(inputs: Properties) -> None:
    if "password" in inputs and "temporaryPassword" in inputs:
        raise ValueError("password and temporaryPassword are both set. Set only one of them")


def _create_user_in_group(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    names = ctx.to_aws(inputs)
    ctx.call(_IDP, "admin_add_user_to_group", **names)
    ctx.record_undo(_IDP, "admin_remove_user_from_group", **names)
    return ResourceResult("/".join((inputs["userPoolId"], inputs["groupName"], inputs["username"])))


def _create_identity_provider(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    pool, name = inputs["userPoolId"], inputs["providerName"]
    ctx.call(_IDP, "create_identity_provider", **ctx.to_aws(inputs))
    ctx.record_undo(_IDP, "delete_identity_provider", UserPoolId=pool, ProviderName=name)
    return ResourceResult(f"{pool}:{name}")


def _create_identity_pool(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    parameters = {"AllowUnauthenticatedIdentities": False, **ctx.to_aws(inputs)}
    response = ctx.call(
        _IDENTITY, "create_identity_pool", **parameters, IdentityPoolTags=dict(ctx.tags) or None
    )
    pool_id = response["IdentityPoolId"]
    ctx.record_undo(_IDENTITY, "delete_identity_pool", IdentityPoolId=pool_id)
    outputs = {"arn": ctx.build_arn("cognito-identity", f"identitypool/{pool_id}")}
    return ResourceResult(pool_id, outputs)


def _create_role_attachment(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    pool_id = inputs["identityPoolId"]
    ctx.call(_IDENTITY, "set_identity_pool_roles", **ctx.to_aws(inputs))
    ctx.record_undo(_IDENTITY, "set_identity_pool_roles", IdentityPoolId=pool_id, Roles={})
    return ResourceResult(pool_id)


RESOURCE_TYPES = (
    define_resource_type(
        "aws:cognito/user:User",
        {
            "userPoolId": STR,
            "username": STR,
            "attributes": MapOf(STR),
            "clientMetadata": MapOf(STR),
            "desiredDeliveryMediums": STR_LIST,
            "enabled": BOOL,
            "forceAliasCreation": BOOL,
            "messageAction": STR,
            "password": STR,
            "temporaryPassword": STR,
            "validationData": MapOf(STR),
        },
        create=_create_user,
        outputs=("creationDate", "lastModifiedDate", "status", "sub"),
        check=_check_user,
    ),
    define_resource_type(
        "aws:cognito/userInGroup:UserInGroup",
        {"userPoolId": STR, "groupName": STR, "username": STR},
        create=_create_user_in_group,
    ),
    define_resource_type(
        "aws:cognito/identityProvider:IdentityProvider",
        {
            "userPoolId": STR,
            "providerName": STR,
            "providerType": STR,
            "providerDetails": MapOf(STR),
            "attributeMapping": MapOf(STR),
            "idpIdentifiers": STR_LIST,
        },
        create=_create_identity_provider,
    ),
    define_resource_type(
        "aws:cognito/identityPool:IdentityPool",
        {
            "identityPoolName": STR,
            "allowClassicFlow": BOOL,
            "allowUnauthenticatedIdentities": BOOL,
            "cognitoIdentityProviders": ListOf(
                ObjectOf({"clientId": STR, "providerName": STR, "serverSideTokenCheck": BOOL})
            ),
            "developerProviderName": STR,
            "openidConnectProviderArns": STR_LIST,
            "samlProviderArns": STR_LIST,
            "supportedLoginProviders": MapOf(STR),
        },
        create=_create_identity_pool,
        aws_names={
            "openidConnectProviderArns": "OpenIdConnectProviderARNs",
            "samlProviderArns": "SamlProviderARNs",
        },
        outputs=("arn",),
        tags=True,
    ),
    define_resource_type(
        "aws:cognito/identityPoolRoleAttachment:IdentityPoolRoleAttachment",
        {"identityPoolId": STR, "roles": MapOf(STR)},
        create=_create_role_attachment,
    ),
)
