"""Cognito: app clients, groups, domains and resource servers of user pools."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STR_LIST, ListOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_IDP = "cognito-idp"


def _create_user_pool_client(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    client = ctx.call(_IDP, "create_user_pool_client", **ctx.to_aws(inputs))["UserPoolClient"]
    ctx.record_undo(
        _IDP, "delete_user_pool_client", UserPoolId=inputs["userPoolId"], ClientId=client["ClientId"]
    )
    return ResourceResult(client["ClientId"], {"clientSecret": client.get("ClientSecret", "")})


def _create_user_group(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    ctx.call(_IDP, "create_group", **ctx.to_aws(inputs))
    ctx.record_undo(_IDP, "delete_group", UserPoolId=inputs["userPoolId"], GroupName=inputs["name"])
    return ResourceResult(f"{inputs['userPoolId']}/{inputs['name']}")


def _create_user_pool_domain(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    ctx.call(_IDP, "create_user_pool_domain", **ctx.to_aws(inputs))
    ctx.record_undo(_IDP, "delete_user_pool_domain", Domain=inputs["domain"], UserPoolId=inputs["userPoolId"])
    return ResourceResult(inputs["domain"], {"awsAccountId": ctx.account, "version": ""})


def _create_resource_server(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    ctx.call(_IDP, "create_resource_server", **ctx.to_aws(inputs))
    ctx.record_undo(
        _IDP, "delete_resource_server", UserPoolId=inputs["userPoolId"], Identifier=inputs["identifier"]
    )
    scopes = [f"{inputs['identifier']}/{scope['scopeName']}" for scope in inputs.get("scopes", [])]
    return ResourceResult(f"{inputs['userPoolId']}|{inputs['identifier']}", {"scopeIdentifiers": scopes})


RESOURCE_TYPES = (
    define_resource_type(
        "aws:cognito/userPoolClient:UserPoolClient",
        {
            "userPoolId": STR,
            "name": STR,
            "accessTokenValidity": INT,
            "allowedOauthFlows": STR_LIST,
            "allowedOauthFlowsUserPoolClient": BOOL,
            "allowedOauthScopes": STR_LIST,
            "authSessionValidity": INT,
            "callbackUrls": STR_LIST,
            "defaultRedirectUri": STR,
            "enablePropagateAdditionalUserContextData": BOOL,
            "enableTokenRevocation": BOOL,
            "explicitAuthFlows": STR_LIST,
            "generateSecret": BOOL,
            "idTokenValidity": INT,
            "logoutUrls": STR_LIST,
            "preventUserExistenceErrors": STR,
            "readAttributes": STR_LIST,
            "refreshTokenRotation": ObjectOf({"feature": STR, "retryGracePeriodSeconds": INT}),
            "refreshTokenValidity": INT,
            "supportedIdentityProviders": STR_LIST,
            "tokenValidityUnits": ObjectOf({"accessToken": STR, "idToken": STR, "refreshToken": STR}),
            "writeAttributes": STR_LIST,
        },
        create=_create_user_pool_client,
        aws_names={
            "name": "ClientName",
            "allowedOauthFlows": "AllowedOAuthFlows",
            "allowedOauthFlowsUserPoolClient": "AllowedOAuthFlowsUserPoolClient",
            "allowedOauthScopes": "AllowedOAuthScopes",
            "callbackUrls": "CallbackURLs",
            "defaultRedirectUri": "DefaultRedirectURI",
            "logoutUrls": "LogoutURLs",
        },
        outputs=("clientSecret",),
        naming=AutoNaming("name", 128),
    ),
    define_resource_type(
        "aws:cognito/userGroup:UserGroup",
        {"userPoolId": STR, "name": STR, "description": STR, "precedence": INT, "roleArn": STR},
        create=_create_user_group,
        aws_names={"name": "GroupName"},
        naming=AutoNaming("name", 128),
    ),
    define_resource_type(
        "aws:cognito/userPoolDomain:UserPoolDomain",
        {"domain": STR, "userPoolId": STR, "managedLoginVersion": INT},
        create=_create_user_pool_domain,
        outputs=("awsAccountId", "version"),
    ),
    define_resource_type(
        "aws:cognito/resourceServer:ResourceServer",
        {
            "userPoolId": STR,
            "identifier": STR,
            "name": STR,
            "scopes": ListOf(ObjectOf({"scopeName": STR, "scopeDescription": STR})),
        },
        create=_create_resource_server,
        outputs=("scopeIdentifiers",),
        naming=AutoNaming("name", 256),
    ),
)
