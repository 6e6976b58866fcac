/** A call's parameters and body, checked against the method's lexicon. */
import { l } from '@atproto/lex'
import { invalidRequest } from '#src/errors.ts'
import type { Schema } from '#src/gateway/xrpc/method-schema.ts'

/** Parameters from a query string (without its `?`), defaults filled in. Throws 400. */
export function parseParams(schema: Schema, query: string): unknown {
  if (query.includes('__proto__')) throw invalidRequest('Invalid query parameter: __proto__')
  return checked(`Invalid ${schema.nsid} params: `, () =>
    schema.parameters.fromURLSearchParams(query),
  )
}

/** `name[]=` and `name[0]=` as `name=`. */
export function normalizeListParams(query: string): string {
  return query.replace(/(?:\[|%5B)\d*(?:\]|%5D)=/gi, '=')
}

/** A body from its JSON value, defaults filled in. Throws 400. */
export function parseInput(schema: Schema, body: unknown): unknown {
  const input = schema instanceof l.Procedure ? schema.input.schema : undefined
  return input === undefined ? body : checked('', () => input.parse(body))
}

function checked<T>(prefix: string, read: () => T): T {
  try {
    return withoutStacks(read)
  } catch (error) {
    if (!(error instanceof l.LexValidationError)) throw error
    throw invalidRequest(prefix + error.message)
  }
}

/** The library makes, and drops, an error for every optional member that is absent: without its stack that is cheap. */
function withoutStacks<T>(work: () => T): T {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = limit
  }
}
