/** How moves begin: the account is created at the new server, deactivated, with a service token of the old one. */
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import {
  accountAt,
  describeServer,
  type OtherServerPorts,
  type OtherSession,
  sessionOf,
  signInAt,
  withServiceToken,
} from '#src/gateway/migrations/other-server.ts'
import { sealSession } from '#src/gateway/migrations/run-migration.ts'
import type { CreatedAccount } from '#src/gateway/workflows/create-account.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { verifyServiceAuth } from '#src/gateway/xrpc/service-auth.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { isAtprotoDid } from '#src/protocol/did.ts'
import { serviceEndpoint } from '#src/protocol/did-document.ts'
import { parseHandle } from '#src/protocol/handle.ts'
import { type ActingMember, asMember } from '#src/rules/acting-member.ts'

const createAccount = 'com.atproto.server.createAccount'

type CreateInput = Parameters<ServerContext['createAccount']>[0]

export interface BeginPorts {
  server: Pick<ServerContext, 'dispatch' | 'service' | 'resolver' | 'handles' | 'createAccount'>
  findAccount: FindAccount
  other: OtherServerPorts
  keys: Keychain
  clock: Clock
}

/** Where the account is now; `code` is the one that the old server mails if the account has codes by email. */
export interface OldCredentials {
  password: string
  code?: string | undefined
}

export interface NewAccount {
  /** Moving here, it may stay as it is: then it is a domain of its owner. */
  handle: string | undefined
  /** Moving here it may be left out: then it is the one of the old server. */
  email: string
  password: string
  inviteCode?: string | undefined
}

/** The account, and the server that its DID names. */
export interface FoundAccount {
  did: string
  url: string
}

/**
 * Finds an account of another server by its handle or DID. Throws 400 AccountNotFound, AccountExists if it has one here, and
 * InvalidServer.
 */
export async function findElsewhere(ports: BeginPorts, identifier: string): Promise<FoundAccount> {
  const { server, findAccount } = ports
  const typed = identifier.trim().replace(/^@/, '')
  const did = isAtprotoDid(typed) ? typed : await server.handles.resolve(parseHandle(typed))
  if (did === undefined) throw invalidRequest('There is no such handle', 'AccountNotFound')
  if ((await findAccount(did)) !== undefined) {
    throw invalidRequest('The account exists on this server', 'AccountExists')
  }
  // Anyone may ask for any DID.
  return { did, url: await serverOf(ports, did, { isLimited: true }) }
}

/** Throws 400 AccountNotFound, or AlreadyHere if it is this server. */
export async function serverOf(
  { server }: Pick<BeginPorts, 'server'>,
  did: string,
  options: { isLimited?: boolean } = {},
): Promise<string> {
  const document = await server.resolver.refresh(did, options)
  const url = document && serviceEndpoint(document, 'atproto_pds')
  if (url === undefined) throw invalidRequest('The DID names no server', 'AccountNotFound')
  const { origin } = new URL(url)
  if (origin === server.service.publicUrl) {
    throw invalidRequest('The account is on this server', 'AlreadyHere')
  }
  return origin
}

/** Moves an account here. Throws as createSession of the other server, and as createAccount of this one. */
export async function beginMoveIn(
  ports: BeginPorts,
  { did, url }: FoundAccount,
  old: OldCredentials,
  { handle, inviteCode, email, password }: NewAccount,
  address: string | undefined,
): Promise<CreatedAccount> {
  const { server, other, clock } = ports
  mustAcceptImports(ports)
  const session = await signInAt(other, url, { did, ...old })
  const { did: aud } = server.service
  const token = await serviceTokenOf(
    accountAt(other, url, session, async () => {}),
    aud,
  )
  const options = { aud, lxm: createAccount }
  const { iss } = await verifyServiceAuth(token, options, server.resolver, clock.now())
  const input = {
    ...{
      did: did as NonNullable<CreateInput['did']>,
      handle: (handle ?? session.handle) as CreateInput['handle'],
      ...{ email: email || (session.email ?? ''), password },
    },
    ...(inviteCode && { inviteCode }),
  }
  const created = await server.createAccount(input, { did: iss }, address)
  await store(ports, did, { direction: 'in', url, session })
  return created
}

/** Goes on with a move, or brings an account back that has left this server; `by` an owner, if it is a group. Throws as `signInAt`. */
export async function signInElsewhere(
  ports: BeginPorts,
  { did, url, direction }: FoundAccount & { direction: 'in' | 'out' },
  old: OldCredentials,
  by?: ActingMember,
): Promise<void> {
  if (direction === 'in') mustAcceptImports(ports)
  const session = await signInAt(ports.other, url, { did, ...old })
  await store(ports, did, { direction, url, session }, by)
}

/**
 * Moves an account of this server away. If the other server has it already, since a move was cut off, its password there must
 * be right. `by` is the owner that moves it, if it is a group. Throws as createAccount there.
 */
export async function beginMoveOut(
  ports: BeginPorts,
  did: string,
  url: string,
  { inviteCode, ...account }: NewAccount,
  by?: ActingMember,
): Promise<void> {
  const { server, other } = ports
  if (url === server.service.publicUrl) {
    throw invalidRequest('The account is on this server', 'AlreadyHere')
  }
  const { did: aud } = await describeServer(other, url)
  const own = accountOf(ports, did, by)
  const { token } = await own.service.getServiceAuth({ aud, lxm: createAccount })
  const input = { did, ...account, ...(inviteCode && { inviteCode }) }
  const session = await withServiceToken(other, url, token)
    .procedure(createAccount, input)
    .then((answer) => sessionOf(answer, did))
    .catch(async (error: unknown) => {
      const isRefusal = error instanceof XrpcError && error.status < 500
      if (!isRefusal || !/already|exists/i.test(`${error.error} ${error.message}`)) throw error
      const { password } = account
      return signInAt(other, url, { did, password }).catch(() => {
        throw error
      })
    })
  await store(ports, did, { direction: 'out', url, session }, by)
}

function accountOf(
  { server }: Pick<BeginPorts, 'server'>,
  did: string,
  by: ActingMember | undefined,
): RemoteAccount {
  const account = server.dispatch.account(did)
  return by === undefined ? account : asMember(account, by)
}

function mustAcceptImports({ server }: BeginPorts): void {
  if (server.service.imports.accepted) return
  throw invalidRequest('Service is not accepting repo imports', 'ImportsClosed')
}

async function serviceTokenOf(from: ReturnType<typeof accountAt>, aud: string): Promise<string> {
  const { token } = await from.query('com.atproto.server.getServiceAuth', {
    aud,
    lxm: createAccount,
  })
  if (typeof token !== 'string') {
    throw new XrpcError(502, 'UpstreamFailure', 'The server gave no service token')
  }
  return token
}

async function store(
  ports: BeginPorts,
  did: string,
  { direction, url, session }: { direction: 'in' | 'out'; url: string; session: OtherSession },
  by?: ActingMember,
): Promise<void> {
  const { keys, server } = ports
  const account = accountOf(ports, did, by)
  // First, so that it goes on if this process is killed before it starts it.
  await server.dispatch.directory.runningMoves.add({ did })
  await account.migration.begin({ direction, server: url, session: sealSession(keys, session) })
}
