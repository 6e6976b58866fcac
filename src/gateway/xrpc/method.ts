/** What an XRPC method is here: its lexicon, who may call it, whose account answers, and what runs. */
import { l } from '@atproto/lex'
import type { EncodedJson } from '#src/account/answer-cache.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import type { ClientInfoSource } from '#src/gateway/http/client-info.ts'
import type { Callers, OAuthScopeRule } from '#src/gateway/xrpc/callers.ts'
import type { Input, Output, Params, Schema } from '#src/gateway/xrpc/method-schema.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { normalizeListParams, parseInput, parseParams } from '#src/gateway/xrpc/validate-call.ts'

/** A call whose parameters, credentials and body are in order. */
export interface MethodCall<S extends Schema, A extends keyof Callers> {
  readonly params: Params<S>
  readonly input: Input<S>
  readonly caller: Callers[A]
  readonly server: ServerContext
  /** As it came; a body that the lexicon knows has been read. */
  readonly request: Request
  /** The same in its Node form, for where it came from; absent in tests without a socket. */
  readonly incoming?: ClientInfoSource
}

/** The same, with the account it is about. */
export interface AccountMethodCall<S extends Schema, A extends keyof Callers>
  extends MethodCall<S, A> {
  readonly did: string
  readonly account: ReturnType<Dispatch['account']>
}

/** The lexicon's output, the same as JSON text, pages of bytes, or a whole response. */
type Answer<S extends Schema> = Output<S> | EncodedJson | AsyncIterable<Uint8Array> | Response

interface Ours<S extends Schema, A extends keyof Callers> {
  auth: A
  /** What an app must have been allowed; unless said, no app may call the method. */
  oauth?: OAuthScopeRule<MethodCall<S, A>>
  /** Bytes of the request's body, decoded; 150 KiB unless said. */
  bodyLimit?: number | ((server: ServerContext) => number)
  /** Whether lists may also be spelled `name[]=` and `name[0]=`, as old clients do. */
  looseParams?: boolean
}

interface ServerMethod<S extends Schema, A extends keyof Callers> extends Ours<S, A> {
  run(asked: MethodCall<S, A>): Promise<Answer<S>>
}

interface AccountMethod<S extends Schema, A extends keyof Callers> extends Ours<S, A> {
  /** Whose account answers: a DID or a handle. */
  of(asked: MethodCall<S, A>): string
  /** What is told where that is no account of this server; RepoNotFound unless said. */
  unknown?(name: string): XrpcError
  /** What answers instead where that is no account of this server. */
  runRemote?(asked: MethodCall<S, A>): Promise<Answer<S>>
  /** Throws where this caller may not do this with that account. */
  allow?(asked: MethodCall<S, A> & { did: string }): void
  run(asked: AccountMethodCall<S, A>): Promise<Answer<S>>
}

type AskedByAnybody = MethodCall<Schema, keyof Callers>

/** A method as the gateway sees it, whatever it was made of. */
export interface Method {
  readonly nsid: string
  readonly verb: 'GET' | 'POST'
  readonly auth: keyof Callers
  readonly oauth?: OAuthScopeRule<AskedByAnybody>
  readonly bodyLimit: number | ((server: ServerContext) => number)
  /** The media type of the body it expects; undefined for none. */
  readonly accepts: string | undefined
  /** Whether its body is bytes, which are handed on as they come. */
  readonly streams: boolean
  /** The media type of its answer. */
  readonly produces: string
  /** Reads a query string; throws 400. */
  params(query: string): unknown
  /** Checks a body; throws 400. */
  input(body: unknown): unknown
  of?(asked: unknown): string
  unknown(name: string): XrpcError
  runRemote?(asked: unknown): Promise<unknown>
  allow?(asked: unknown): void
  run(asked: unknown): Promise<unknown>
}

const DEFAULT_BODY_LIMIT = 150 * 1024

/** Makes a method of its lexicon and our part. */
export function method<S extends Schema, A extends keyof Callers>(
  lexicon: { main: S },
  ours: AccountMethod<S, A>,
): Method
export function method<S extends Schema, A extends keyof Callers>(
  lexicon: { main: S },
  ours: ServerMethod<S, A>,
): Method
export function method<S extends Schema, A extends keyof Callers>(
  { main: schema }: { main: S },
  ours: AccountMethod<S, A> | ServerMethod<S, A>,
): Method {
  const isProcedure = schema instanceof l.Procedure
  return {
    nsid: schema.nsid,
    verb: isProcedure ? 'POST' : 'GET',
    bodyLimit: DEFAULT_BODY_LIMIT,
    accepts: isProcedure ? schema.input.encoding : undefined,
    streams: isProcedure && isBytes(schema.input.encoding),
    produces: schema.output.encoding ?? 'application/json',
    params: (query) => parseParams(schema, ours.looseParams ? normalizeListParams(query) : query),
    input: (body) => parseInput(schema, body),
    unknown: (name) => invalidRequest(`Could not find repo for DID: ${name}`, 'RepoNotFound'),
    ...(ours as object as Pick<Method, 'auth' | 'run'>),
  }
}

function isBytes(encoding: string | undefined): boolean {
  return encoding !== undefined && encoding !== 'application/json'
}
