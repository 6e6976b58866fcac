/** Validates a call's parameters and body against the method's lexicon. */
import { l } from '@atproto/lex-schema'
import { invalidRequest } from '#src/errors.ts'
import type { Schema } from '#src/gateway/xrpc/method-schema.ts'

/** Parses a query string (without its `?`) and fills in defaults. Throws 400. */
export function parseParams(schema: Schema, query: string): unknown {
  if (query.includes('__proto__')) throw invalidRequest('Invalid query parameter: __proto__')
  return validated(`Invalid ${schema.nsid} params: `, () =>
    schema.parameters.fromURLSearchParams(query),
  )
}

/** Rewrites `name[]=` and `name[0]=` to `name=`. */
export function normalizeListParams(query: string): string {
  return query.replace(/(?:\[|%5B)\d*(?:\]|%5D)=/gi, '=')
}

/** Validates a body's JSON value and fills in defaults. Throws 400. */
export function parseInput(schema: Schema, body: unknown): unknown {
  const input = schema instanceof l.Procedure ? schema.input.schema : undefined
  return input === undefined ? body : validated('', () => input.parse(body))
}

/** Validates a part of a body that its method's lexicon does not. Throws 400. */
export function parseWith<T>(schema: { parse(value: unknown): unknown }, value: unknown): T {
  return validated('', () => schema.parse(value) as T)
}

function validated<T>(prefix: string, parse: () => T): T {
  try {
    return withoutStackTraces(parse)
  } catch (error) {
    if (!(error instanceof l.LexValidationError)) throw error
    throw invalidRequest(prefix + error.message)
  }
}

/** The library creates and discards an error for every absent optional member, which is cheap without stack traces. */
function withoutStackTraces<T>(work: () => T): T {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = limit
  }
}
