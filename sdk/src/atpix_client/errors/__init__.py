"""What can go wrong. The tree mirrors the statuses of the API and, below them, its error codes:

AtpixError
├── MissingAPIKey
├── SourceChanged                      the file shrank while it was sent
├── APIConnectionError                 no answer
│   └── APITimeoutError
├── APIAnswerError                     a success, but not in the form of an Atpix server
├── StillGenerating                    a wait ended before the generation did
└── APIStatusError                     status, code, message, details, request_id, retry_after
    ├── BadRequest 400
    │   ├── ValidationFailed, AliasFormatCheck, ReservedAlias, TechnicalAliasRequiresFlow
    │   └── ScopeInvalidFormat, ImageNotInScope
    ├── Unauthorized 401
    ├── PaymentRequired 402
    │   └── BudgetExceeded
    ├── Forbidden 403
    ├── NotFound 404
    │   ├── ImageNotFound, AliasNotFound, FlowNotFound
    │   ├── GenerationNotFound, ScopeNotFound
    │   └── OrganizationNotFound, ProjectNotFound, KeyNotFound
    ├── MethodNotAllowed 405
    ├── RequestTimeout 408                 an upload took too long
    ├── Conflict 409
    │   ├── AliasConflict, DuplicateImage, ScopeAlreadyExists, IdempotencyKeyInUse
    │   ├── GenerationInProgress, Cancelled
    │   └── OrganizationAlreadyExists, ProjectAlreadyExists, KeyNotActive
    ├── Gone 410
    ├── PreconditionFailed 412
    ├── ContentTooLarge 413
    │   └── FileTooLarge, ImageTooLarge
    ├── UnsupportedMediaType 415
    │   └── UnsupportedFileType
    ├── UnprocessableContent 422
    │   └── InvalidImage, PrivateMetadata, IdempotencyKeyReused, ContentBlocked
    ├── TooManyRequests 429
    │   └── RateLimitExceeded, ScopeGenerationLimitExceeded, ProviderRateLimit
    └── ServerFault 5xx
        ├── InternalError 500
        ├── BadGateway 502
        │   └── ProviderError
        ├── ServiceUnavailable 503
        │   └── StorageUnavailable, Overloaded
        └── GatewayTimeout 504
            └── ProviderTimeout

A code that this version does not know becomes the class of its status, or of its hundred.
"""

from atpix_client.errors.codes import (
    AliasConflict,
    AliasFormatCheck,
    AliasNotFound,
    BudgetExceeded,
    Cancelled,
    ContentBlocked,
    DuplicateImage,
    FileTooLarge,
    FlowNotFound,
    GenerationInProgress,
    GenerationNotFound,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    ImageNotFound,
    ImageNotInScope,
    ImageTooLarge,
    InternalError,
    InvalidImage,
    KeyNotActive,
    KeyNotFound,
    OrganizationAlreadyExists,
    OrganizationNotFound,
    Overloaded,
    PrivateMetadata,
    ProjectAlreadyExists,
    ProjectNotFound,
    ProviderError,
    ProviderRateLimit,
    ProviderTimeout,
    RateLimitExceeded,
    ReservedAlias,
    ScopeAlreadyExists,
    ScopeGenerationLimitExceeded,
    ScopeInvalidFormat,
    ScopeNotFound,
    StorageUnavailable,
    TechnicalAliasRequiresFlow,
    UnsupportedFileType,
    ValidationFailed,
)
from atpix_client.errors.statuses import (
    APIAnswerError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AtpixError,
    BadGateway,
    BadRequest,
    Conflict,
    ContentTooLarge,
    Detail,
    Forbidden,
    GatewayTimeout,
    Gone,
    MethodNotAllowed,
    MissingAPIKey,
    NotFound,
    PaymentRequired,
    PreconditionFailed,
    Problem,
    RequestTimeout,
    ServerFault,
    ServiceUnavailable,
    SourceChanged,
    StillGenerating,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
)

__all__ = [
    "APIAnswerError",
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AliasConflict",
    "AliasFormatCheck",
    "AliasNotFound",
    "AtpixError",
    "BadGateway",
    "BadRequest",
    "BudgetExceeded",
    "Cancelled",
    "Conflict",
    "ContentBlocked",
    "ContentTooLarge",
    "Detail",
    "DuplicateImage",
    "FileTooLarge",
    "FlowNotFound",
    "Forbidden",
    "GatewayTimeout",
    "GenerationInProgress",
    "GenerationNotFound",
    "Gone",
    "IdempotencyKeyInUse",
    "IdempotencyKeyReused",
    "ImageNotFound",
    "ImageNotInScope",
    "ImageTooLarge",
    "InternalError",
    "InvalidImage",
    "KeyNotActive",
    "KeyNotFound",
    "MethodNotAllowed",
    "MissingAPIKey",
    "NotFound",
    "OrganizationAlreadyExists",
    "OrganizationNotFound",
    "Overloaded",
    "PaymentRequired",
    "PreconditionFailed",
    "PrivateMetadata",
    "Problem",
    "ProjectAlreadyExists",
    "ProjectNotFound",
    "ProviderError",
    "ProviderRateLimit",
    "ProviderTimeout",
    "RateLimitExceeded",
    "RequestTimeout",
    "ReservedAlias",
    "ScopeAlreadyExists",
    "ScopeGenerationLimitExceeded",
    "ScopeInvalidFormat",
    "ScopeNotFound",
    "ServerFault",
    "ServiceUnavailable",
    "SourceChanged",
    "StillGenerating",
    "StorageUnavailable",
    "TechnicalAliasRequiresFlow",
    "TooManyRequests",
    "Unauthorized",
    "UnprocessableContent",
    "UnsupportedFileType",
    "UnsupportedMediaType",
    "ValidationFailed",
]
