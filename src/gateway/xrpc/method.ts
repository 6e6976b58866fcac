/** An XRPC method: its lexicon, who may call it, the account that it runs on, and its handler. */
import { l } from '@atproto/lex-schema'
import type { EncodedJson } from '#src/account/answer-cache.ts'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import type { ClientInfoSource } from '#src/gateway/http/client-info.ts'
import type { RawResponse } from '#src/gateway/http/response.ts'
import type { Callers, OAuthScopeRule, Permissions } from '#src/gateway/xrpc/callers.ts'
import type { Input, Output, Params, Schema } from '#src/gateway/xrpc/method-schema.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { normalizeListParams, parseInput, parseParams } from '#src/gateway/xrpc/validate-call.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'
import type { TenantAuthority } from '#src/rules/tenants.ts'

/** A call whose parameters, credentials and body are validated. */
export interface MethodCall<S extends Schema, A extends keyof Callers> {
  readonly params: Params<S>
  readonly input: Input<S>
  readonly caller: Callers[A]
  readonly server: ServerContext
  /** The raw request; a body that the lexicon defines was already read. */
  readonly request: Request
  /** The Node request, for the client's address; absent in tests without a socket. */
  readonly incoming?: ClientInfoSource
  readonly requestId?: string | undefined
}

export interface AccountMethodCall<S extends Schema, A extends keyof Callers>
  extends MethodCall<S, A> {
  readonly did: string
  /** If a member acts as the account, bound to it: what is done is noted as done by that member. */
  readonly account: RemoteAccount
  readonly by?: ActingMember
}

/** The lexicon's output as a value, as encoded JSON, or as a stream of bytes; or a response with its own headers. */
type MethodResult<S extends Schema> =
  | Output<S>
  | EncodedJson
  | AsyncIterable<Uint8Array>
  | RawResponse

interface MethodDefinition<S extends Schema, A extends keyof Callers> {
  auth: A
  /** What an OAuth token must allow; if absent, OAuth tokens are rejected. */
  oauth?: OAuthScopeRule<MethodCall<S, A>>
  /** What the role of a member who acts as the account must allow; if absent, the same as of an OAuth token. */
  memberRole?(permissions: Permissions): void
  /** Of a method with `auth: 'tenant'`: what the credential must have. Default: `manage`. */
  tenantScope?: TenantAuthority | 'any'
  /** Maximum size of the decoded body in bytes; default: 150 KiB. */
  bodyLimit?: number | ((server: ServerContext) => number)
  /** Whether list parameters may also be written `name[]=` and `name[0]=`, as old clients do. */
  looseParams?: boolean
}

interface ServerMethod<S extends Schema, A extends keyof Callers> extends MethodDefinition<S, A> {
  run(call: MethodCall<S, A>): Promise<MethodResult<S>>
}

interface AccountMethod<S extends Schema, A extends keyof Callers> extends MethodDefinition<S, A> {
  /** The DID or handle of the account that the method runs on. */
  of(call: MethodCall<S, A>): string
  /** The error if the account is not hosted here; default: RepoNotFound. */
  unknown?(name: string): XrpcError
  /** Runs instead of `run` if the account is not hosted here. */
  runRemote?(call: MethodCall<S, A>): Promise<MethodResult<S>>
  /** Throws if the caller may not run the method on this account. */
  allow?(call: MethodCall<S, A> & { did: string }): void
  run(call: AccountMethodCall<S, A>): Promise<MethodResult<S>>
}

type AnyMethodCall = MethodCall<Schema, keyof Callers>

export interface Method {
  readonly nsid: string
  readonly verb: 'GET' | 'POST'
  readonly auth: keyof Callers
  readonly oauth?: OAuthScopeRule<AnyMethodCall>
  memberRole?(permissions: Permissions): void
  readonly tenantScope?: TenantAuthority | 'any'
  readonly bodyLimit: number | ((server: ServerContext) => number)
  readonly accepts: string | undefined
  readonly streams: boolean
  readonly produces: string
  params(query: string): unknown
  input(body: unknown): unknown
  of?(call: unknown): string
  unknown(name: string): XrpcError
  runRemote?(call: unknown): Promise<unknown>
  allow?(call: unknown): void
  run(call: unknown): Promise<unknown>
}

const DEFAULT_BODY_LIMIT = 150 * 1024

export function method<S extends Schema, A extends keyof Callers>(
  lexicon: { main: S },
  definition: AccountMethod<S, A>,
): Method
export function method<S extends Schema, A extends keyof Callers>(
  lexicon: { main: S },
  definition: ServerMethod<S, A>,
): Method
export function method<S extends Schema, A extends keyof Callers>(
  { main: schema }: { main: S },
  definition: AccountMethod<S, A> | ServerMethod<S, A>,
): Method {
  const isProcedure = schema instanceof l.Procedure
  return {
    nsid: schema.nsid,
    verb: isProcedure ? 'POST' : 'GET',
    bodyLimit: DEFAULT_BODY_LIMIT,
    accepts: isProcedure ? schema.input.encoding : undefined,
    streams: isProcedure && isBytes(schema.input.encoding),
    produces: schema.output.encoding ?? 'application/json',
    params: (query) =>
      parseParams(schema, definition.looseParams ? normalizeListParams(query) : query),
    input: (body) => parseInput(schema, body),
    unknown: (name) => invalidRequest(`Could not find repo for DID: ${name}`, 'RepoNotFound'),
    ...(definition as object as Pick<Method, 'auth' | 'run'>),
  }
}

function isBytes(encoding: string | undefined): boolean {
  return encoding !== undefined && encoding !== 'application/json'
}
