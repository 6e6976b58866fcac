/** A session of the person who runs a command, for what the admin cannot do. It ends with the command. */
import {
  type Invocation,
  type Option,
  requiredOption,
  secretOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import type { ServerClient } from '#src/cli/server-client.ts'
import { environment } from '#src/config/config.ts'
import { XrpcError } from '#src/errors.ts'

export const memberOptions: Record<string, Option> = {
  as: {
    type: 'string',
    value: 'DID-OR-HANDLE',
    help: 'Account of this server that acts; required',
  },
  password: {
    type: 'string',
    value: 'PASSWORD',
    help: 'Its password, or - for standard input (better set as HEADWATER_PASSWORD)',
  },
  code: { type: 'string', value: 'CODE', help: 'Its second factor, if it has one' },
}

interface Session {
  accessJwt: string
  refreshJwt: string
}

/** Runs `work` with a client that is signed in as --as. */
export async function asMember<T>(
  invocation: Invocation,
  work: (client: ServerClient) => Promise<T>,
): Promise<T> {
  const { server } = invocation
  const identifier = requiredOption(invocation, 'as').replace(/^@/, '')
  const password =
    (await secretOption(invocation, 'password')) ?? environment()['HEADWATER_PASSWORD']
  if (!password) throw new UsageError('missing: HEADWATER_PASSWORD, or --password')
  const code = textOption(invocation, 'code')
  const input = { identifier, password, ...(code !== undefined && { authFactorToken: code }) }
  const { accessJwt, refreshJwt } = await server
    .post<Session>('com.atproto.server.createSession', input)
    .catch((error: unknown) => {
      // A 401 would be taken for a refusal of the admin password.
      if (!(error instanceof XrpcError)) throw error
      throw new Error(`${identifier} cannot sign in: ${error.message}`)
    })
  const bearer = (token: string) => server.withHeaders({ authorization: `Bearer ${token}` })
  try {
    return await work(bearer(accessJwt))
  } finally {
    await bearer(refreshJwt)
      .post('com.atproto.server.deleteSession', {})
      .catch(() => {})
  }
}

/** The DID of an account of any server. */
export async function resolveName(server: ServerClient, name: string): Promise<string> {
  if (name.startsWith('did:')) return name
  const handle = name.replace(/^@/, '')
  const found = await server.get<{ did: string }>('com.atproto.identity.resolveHandle', { handle })
  return found.did
}
