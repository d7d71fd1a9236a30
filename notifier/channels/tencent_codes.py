"""What Tencent's answers mean for us (source: the error codes of its SMS API 2021-01-11)."""

from notifier.contract import ChannelError, Failure

OK = "Ok"
_CAPS_S = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": 30.0,
    "LimitExceeded.DeliveryFrequencyLimit": 60.0,
    "LimitExceeded.PhoneNumberOneHourLimit": 3600.0,
    "LimitExceeded.PhoneNumberDailyLimit": 86400.0,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": 86400.0,
}
_ACCOUNT = Failure.CONFIGURATION

REFUSALS: dict[str, tuple[Failure, str]] = {
    "LimitExceeded.AppDailyLimit": (_ACCOUNT, "the account's daily limit is reached"),
    "LimitExceeded.AppMainlandChinaDailyLimit": (_ACCOUNT, "the account's daily limit is reached"),
    "LimitExceeded.DailyLimit": (_ACCOUNT, "the account's daily limit is reached"),
    "FailedOperation.InsufficientBalanceInSmsPackage": (_ACCOUNT, "no texts are left in the package"),
    "FailedOperation.MissingSignature": (_ACCOUNT, "the sign is not approved"),
    "FailedOperation.SignatureIncorrectOrUnapproved": (_ACCOUNT, "the sign is not approved"),
    "FailedOperation.TemplateIncorrectOrUnapproved": (_ACCOUNT, "the template is not approved"),
    "FailedOperation.TemplateUnapprovedOrNotExist": (_ACCOUNT, "the template is not approved"),
    "FailedOperation.TemplateIdNotExist": (_ACCOUNT, "no such template"),
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": (_ACCOUNT, "the template was registered otherwise"),
    "InvalidParameterValue.SdkAppIdNotExist": (_ACCOUNT, "no such application"),
    "FailedOperation.PhoneNumberInBlacklist": (Failure.PERMANENT, "its owner wants no texts"),
    "FailedOperation.PhoneNumberParseFail": (Failure.PERMANENT, "not a valid number"),
    "InvalidParameterValue.IncorrectPhoneNumber": (Failure.PERMANENT, "not a valid number"),
    "RequestLimitExceeded": (Failure.BUSY, "too many requests"),
}
_BY_FAMILY: tuple[tuple[str, Failure, str], ...] = (
    ("AuthFailure", _ACCOUNT, "the key is wrong"),
    ("UnauthorizedOperation", _ACCOUNT, "not allowed"),
    ("RequestLimitExceeded", Failure.BUSY, "too many requests"),
    ("InternalError", Failure.UNCERTAIN, "error in the provider's system"),
    ("ServerNetworkError", Failure.UNCERTAIN, "no proper answer"),
    ("ClientNetworkError", Failure.UNCERTAIN, "no answer"),
)


def refusal(code: str) -> ChannelError:
    """By the code, or by the family that stands before its dot; any other refusal is ours to mend."""
    if code in _CAPS_S:
        return ChannelError(Failure.CAPPED, "this number has had its share", code, _CAPS_S[code])
    if code in REFUSALS:
        return ChannelError(*REFUSALS[code], code)
    family = code.split(".", maxsplit=1)[0]
    for name, failure, reason in _BY_FAMILY:
        if family == name:
            return ChannelError(failure, reason, code)
    return ChannelError(Failure.REFUSED, "refused", code)
