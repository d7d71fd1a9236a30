"""What Aliyun's answers and receipts mean for us (source: help.aliyun.com, error codes of Dysmsapi 2017-05-25)."""

from datetime import timedelta

from notifier.contract import ChannelError, Failure

DAY_S = 86400.0
_ACCOUNT = Failure.CONFIGURATION

REFUSALS: dict[str, tuple[Failure, str]] = {
    "isv.DAY_LIMIT_CONTROL": (_ACCOUNT, "the account's daily limit is reached"),
    "isv.MONTH_LIMIT_CONTROL": (_ACCOUNT, "the account's monthly limit is reached"),
    "isv.AMOUNT_NOT_ENOUGH": (_ACCOUNT, "the account is out of money"),
    "isv.OUT_OF_SERVICE": (_ACCOUNT, "the account is stopped"),
    "isv.PRODUCT_UN_SUBSCRIPT": (_ACCOUNT, "SMS is not switched on"),
    "isv.PRODUCT_UNSUBSCRIBE": (_ACCOUNT, "SMS is not switched on"),
    "isv.ACCOUNT_NOT_EXISTS": (_ACCOUNT, "no such account"),
    "isv.ACCOUNT_ABNORMAL": (_ACCOUNT, "the account is not in order"),
    "isp.RAM_PERMISSION_DENY": (_ACCOUNT, "the key may not send texts"),
    "isv.SMS_SIGNATURE_ILLEGAL": (_ACCOUNT, "the sign is not approved"),
    "isv.SMS_SIGN_ILLEGAL": (_ACCOUNT, "the sign is not approved"),
    "isv.SMS_TEMPLATE_ILLEGAL": (_ACCOUNT, "the template is not approved"),
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": (_ACCOUNT, "sign and template don't go together"),
    "InvalidAccessKeyId.NotFound": (_ACCOUNT, "the key is wrong"),
    "InvalidAccessKeyId.Inactive": (_ACCOUNT, "the key is switched off"),
    "SignatureDoesNotMatch": (_ACCOUNT, "the secret is wrong"),
    "isv.MOBILE_NUMBER_ILLEGAL": (Failure.PERMANENT, "not a valid number"),
    "isv.BLACK_KEY_CONTROL_LIMIT": (Failure.REFUSED, "a word is not allowed"),
    "isv.PARAM_LENGTH_LIMIT": (Failure.REFUSED, "a variable is too long"),
    "isv.PARAM_NOT_SUPPORT_URL": (Failure.REFUSED, "a variable holds a link"),
    "isv.TEMPLATE_MISSING_PARAMETERS": (Failure.REFUSED, "a variable is missing"),
    "isv.TEMPLATE_PARAMS_ILLEGAL": (Failure.REFUSED, "a variable is not allowed"),
    "isv.INVALID_JSON_PARAM": (Failure.REFUSED, "the variables are not understood"),
    "isv.INVALID_PARAMETERS": (Failure.REFUSED, "not understood"),
    "isp.SYSTEM_ERROR": (Failure.UNCERTAIN, "error in the provider's system"),
    "Throttling": (Failure.BUSY, "too many requests"),
    "Throttling.User": (Failure.BUSY, "too many requests"),
    "Throttling.Api": (Failure.BUSY, "too many requests"),
}

_WINDOWS = {"天级": DAY_S, "小时级": 3600.0, "分钟级": 60.0}  # how the limit on one number says which it is

AGAIN_AFTER: dict[str, timedelta] = {  # receipts after which another try helps; after any other it doesn't
    "PHONE_OFF": timedelta(minutes=10),
    "MOBILE_NOT_IN_SERVICE": timedelta(minutes=10),
    "SP_UNKNOWN_ERROR": timedelta(seconds=30),
    "REQUEST_TIMEOUT": timedelta(seconds=30),
}


def refusal(code: str, message: str, http_status: int = 200) -> ChannelError:
    """By the code; else a 5xx may have been processed, and any other refusal is ours to mend."""
    if code == "isv.BUSINESS_LIMIT_CONTROL":
        wait = next((seconds for word, seconds in _WINDOWS.items() if word in message), 60.0)
        return ChannelError(Failure.CAPPED, "this number has had its share", code, wait)
    if code in REFUSALS:
        failure, reason = REFUSALS[code]
        return ChannelError(failure, reason, code)
    if http_status == 429:
        return ChannelError(Failure.BUSY, "too many requests", code)
    return ChannelError(Failure.UNCERTAIN if http_status >= 500 else Failure.REFUSED, "refused", code)
