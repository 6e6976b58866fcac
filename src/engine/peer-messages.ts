/**
 * What two processes of a server send each other: a call, and its outcome. Encoded as V8's structured clone, which has
 * every type that actions take and return; the other side holds the internal token, or there is no connection.
 */
import { deserialize, serialize } from 'node:v8'
import type { Call, Outcome } from '#src/engine/remote-call.ts'
import { XrpcError } from '#src/errors.ts'

/** Longer messages are refused; pages of repos and of the firehose log are the longest. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

type Encoded =
  | { answer: unknown }
  | { error: Error; again: boolean }
  | {
      xrpc: { status: number; error: string; message: string; headers?: Record<string, string> }
      again: boolean
    }

export function encodeCall(call: Call): Buffer {
  return serialize(call)
}

export function decodeCall(bytes: Buffer): Call {
  return deserialize(bytes) as Call
}

export function encodeOutcome(outcome: Outcome): Buffer {
  if ('answer' in outcome) return serialize({ answer: outcome.answer } satisfies Encoded)
  const { error: thrown, again } = outcome
  if (thrown instanceof XrpcError) {
    const { status, error, message, headers } = thrown
    const xrpc = { status, error, message, ...(headers && { headers: { ...headers } }) }
    return serialize({ xrpc, again } satisfies Encoded)
  }
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return serialize({ error: plain(error), again } satisfies Encoded)
}

export function decodeOutcome(bytes: Buffer): Outcome {
  const encoded = deserialize(bytes) as Encoded
  if (!('xrpc' in encoded)) return encoded
  const { status, error, message, headers } = encoded.xrpc
  return { error: new XrpcError(status, error, message, headers), again: encoded.again }
}

/** The error without properties, which may be anything. */
function plain({ message, stack }: Error): Error {
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}
