"""Cognito: what belongs to a user pool: app clients, groups, domains, resource servers."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STRS, ListOf, Obj
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type

_IDP = "cognito-idp"


def _create_client(ctx: Context, args: Args) -> Made:
    client = ctx.call(_IDP, "create_user_pool_client", **ctx.aws(args))["UserPoolClient"]
    ctx.undo(_IDP, "delete_user_pool_client", UserPoolId=args["userPoolId"], ClientId=client["ClientId"])
    return Made(client["ClientId"], {"clientSecret": client.get("ClientSecret", "")})


def _create_group(ctx: Context, args: Args) -> Made:
    ctx.call(_IDP, "create_group", **ctx.aws(args))
    ctx.undo(_IDP, "delete_group", UserPoolId=args["userPoolId"], GroupName=args["name"])
    return Made(f"{args['userPoolId']}/{args['name']}")


def _create_domain(ctx: Context, args: Args) -> Made:
    ctx.call(_IDP, "create_user_pool_domain", **ctx.aws(args))
    ctx.undo(_IDP, "delete_user_pool_domain", Domain=args["domain"], UserPoolId=args["userPoolId"])
    return Made(args["domain"], {"awsAccountId": ctx.account, "version": ""})


def _create_resource_server(ctx: Context, args: Args) -> Made:
    ctx.call(_IDP, "create_resource_server", **ctx.aws(args))
    ctx.undo(_IDP, "delete_resource_server", UserPoolId=args["userPoolId"], Identifier=args["identifier"])
    scopes = [f"{args['identifier']}/{scope['scopeName']}" for scope in args.get("scopes", [])]
    return Made(f"{args['userPoolId']}|{args['identifier']}", {"scopeIdentifiers": scopes})


RESOURCE_TYPES = (
    resource_type(
        "aws:cognito/userPoolClient:UserPoolClient",
        {
            "userPoolId": STR,
            "name": STR,
            "accessTokenValidity": INT,
            "allowedOauthFlows": STRS,
            "allowedOauthFlowsUserPoolClient": BOOL,
            "allowedOauthScopes": STRS,
            "authSessionValidity": INT,
            "callbackUrls": STRS,
            "defaultRedirectUri": STR,
            "enablePropagateAdditionalUserContextData": BOOL,
            "enableTokenRevocation": BOOL,
            "explicitAuthFlows": STRS,
            "generateSecret": BOOL,
            "idTokenValidity": INT,
            "logoutUrls": STRS,
            "preventUserExistenceErrors": STR,
            "readAttributes": STRS,
            "refreshTokenRotation": Obj({"feature": STR, "retryGracePeriodSeconds": INT}),
            "refreshTokenValidity": INT,
            "supportedIdentityProviders": STRS,
            "tokenValidityUnits": Obj({"accessToken": STR, "idToken": STR, "refreshToken": STR}),
            "writeAttributes": STRS,
        },
        create=_create_client,
        aws={
            "name": "ClientName",
            "allowedOauthFlows": "AllowedOAuthFlows",
            "allowedOauthFlowsUserPoolClient": "AllowedOAuthFlowsUserPoolClient",
            "allowedOauthScopes": "AllowedOAuthScopes",
            "callbackUrls": "CallbackURLs",
            "defaultRedirectUri": "DefaultRedirectURI",
            "logoutUrls": "LogoutURLs",
        },
        outputs=("clientSecret",),
        naming=Naming("name", 128),
    ),
    resource_type(
        "aws:cognito/userGroup:UserGroup",
        {"userPoolId": STR, "name": STR, "description": STR, "precedence": INT, "roleArn": STR},
        create=_create_group,
        aws={"name": "GroupName"},
        naming=Naming("name", 128),
    ),
    resource_type(
        "aws:cognito/userPoolDomain:UserPoolDomain",
        {"domain": STR, "userPoolId": STR, "managedLoginVersion": INT},
        create=_create_domain,
        outputs=("awsAccountId", "version"),
    ),
    resource_type(
        "aws:cognito/resourceServer:ResourceServer",
        {
            "userPoolId": STR,
            "identifier": STR,
            "name": STR,
            "scopes": ListOf(Obj({"scopeName": STR, "scopeDescription": STR})),
        },
        create=_create_resource_server,
        outputs=("scopeIdentifiers",),
        naming=Naming("name", 256),
    ),
)
