/** Our errors as the provider's: what the pages show, and why a handle may not be had. */
import {
  HandleUnavailableError,
  type HandleUnavailableReason,
  InvalidRequestError,
} from '@atproto/oauth-provider/errors'
import { XrpcError } from '#src/errors.ts'

/** What a caller did wrong as InvalidRequestError; everything else as it is. */
export function toOAuthError(error: unknown): unknown {
  if (!(error instanceof XrpcError) || error.status >= 500) return error
  return new InvalidRequestError(error.message, error)
}

/** The same, and what is wrong with a handle by its reason, which the pages know in many languages. */
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

/** Runs the work; what it throws goes through `change`. */
export async function withOAuthErrors<T>(
  work: () => Promise<T>,
  change: (error: unknown) => unknown = toOAuthError,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw change(error)
  }
}
