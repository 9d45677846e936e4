"""Signs requests to AWS (Signature Version 4), where no API key is set. botocore signs, where it is installed.

    sign = signer(spec, preset, "us-east-1")
    sign("https://bedrock-runtime.us-east-1.amazonaws.com/model/...", b"{...}")     # {"Authorization": "AWS4-..."}

Credentials are those in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) and no others: a
profile may run programs, and roles of a machine are asked for over the network. `aws configure export-credentials
--format env` turns any profile into these variables. A signature holds for one host, one body and some minutes, and the
secret stays here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.keys import api_key, keep_out_of_replies, refuse_odd_key
from evalkit.adapters.presets import Preset
from evalkit.errors import MissingPackage, SuiteError

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_SESSION = "AWS_SESSION_TOKEN"
_SERVICE = "bedrock"


class AwsSigner:
    """Signs the requests of one model."""

    key_envs = CREDENTIALS

    def __init__(self, key: str, region: str, spec: ModelSpec) -> None:
        """`key` is the id of the credentials. Raises MissingKey for credentials that no header can carry, and
        ImportError without botocore."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        secret, session = os.environ[CREDENTIALS[1]], os.environ.get(_SESSION) or None
        for one in (secret, session):
            if one is not None:
                refuse_odd_key(one, (*CREDENTIALS[1:], _SESSION), spec)
                keep_out_of_replies(one)
        self.key = key
        self._signing = SigV4Auth(Credentials(key, secret, session), _SERVICE, region)
        self._request = AWSRequest

    def __repr__(self) -> str:
        return "AwsSigner()"

    def __call__(self, address: str, body: bytes) -> Mapping[str, str]:
        """The headers that show who sends this body to this address."""
        request = self._request("POST", address, data=body, headers={"Content-Type": "application/json"})
        self._signing.add_auth(request)
        return {name: value for name, value in request.headers.items() if name.lower() != "content-type"}


def signer(spec: ModelSpec, preset: Preset, region: str | None) -> AwsSigner | None:
    """What signs requests to the address of a filled preset; None where an API key is set, or no credentials are.

    Raises SuiteError where the address may not get credentials, or names no region; MissingPackage.
    """
    if any(os.environ.get(name) for name in preset.key_env) or not all(os.environ.get(name) for name in CREDENTIALS):
        return None
    url = preset.base_url or ""
    key = api_key(CREDENTIALS[:1], url, preset.key_hosts, spec, required=False)
    if key is None:
        return None  # a server of one's own: it works without the provider's credentials, and does not get any
    if region is None:
        raise SuiteError(
            f"models.{spec.name}: a signature needs the region, and {urlsplit(url).hostname} does not say it. "
            f"Add `region: us-east-1` (or another) to the model."
        )
    try:
        return AwsSigner(key, region, spec)
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"models.{spec.name} ({spec.adapter}) signs with AWS credentials, which needs the package 'botocore': "
            f"uv pip install botocore. Or set {preset.key_env[0]}, which needs no package."
        ) from error
