"""Claimed lines of docs/cognito-behaviour.md that the facts do not try, each with the reason."""

_OTHER_SERVICE = "it is a behaviour of another service than Cognito"

NOT_RUN = {
    4: "a federated sign-in needs an identity provider and a browser",
    39: _OTHER_SERVICE,
    40: _OTHER_SERVICE,
    41: _OTHER_SERVICE,
    42: _OTHER_SERVICE,
}
