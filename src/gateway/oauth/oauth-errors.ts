/** Converts our errors to the OAuth library's, as its API returns them. */
import {
  HandleUnavailableError,
  type HandleUnavailableReason,
  InvalidRequestError,
  OAuthError,
} from '@atproto/oauth-provider/errors'
import { XrpcError } from '#src/errors.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'

/** Of what is refused because it is too much or too often. */
const RETRY_AFTER_S = '60'

export function toOAuthError(error: unknown): unknown {
  if (!(error instanceof XrpcError) || error.status >= 500) return error
  return new InvalidRequestError(error.message, error)
}

/** Handle errors become HandleUnavailableError with a reason, for which the pages have texts. */
export function toHandleError(error: unknown): unknown {
  if (!(error instanceof XrpcError)) return error
  const reason = reasonOf(error)
  if (reason === undefined) return toOAuthError(error)
  return new HandleUnavailableError(reason, error.message, error)
}

function reasonOf({ error, message }: XrpcError): HandleUnavailableReason | undefined {
  switch (error) {
    case 'HandleNotAvailable':
      return message === 'Reserved handle' ? 'reserved' : 'taken'
    case 'UnsupportedDomain':
      return 'unsupported'
    case 'InvalidHandle':
      if (message === 'Inappropriate language in handle') return 'slur'
      return message === 'Handle TLD is invalid or disallowed' ? 'domain' : 'syntax'
    default:
      return message === 'External handle did not resolve to DID' ? 'resolution' : undefined
  }
}

export async function withOAuthErrors<T>(
  work: () => Promise<T>,
  convert: (error: unknown) => unknown = toOAuthError,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw convert(error)
  }
}

/** Seconds. */
export function retryAfterOf({ headers }: XrpcError): string {
  return headers?.['retry-after'] ?? RETRY_AFTER_S
}

/** 503 and 429 in the library's form; throws every error. */
export function busyOr(error: unknown): never {
  if (!(error instanceof XrpcError) || ![429, 503].includes(error.status)) throw error
  requestContext().retryAfter?.(retryAfterOf(error))
  throw new OAuthError('temporarily_unavailable', error.message, error.status, error)
}
