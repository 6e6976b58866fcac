/** The gateway's half of createSession: finds the account, and reveals nothing by its timing. */
import type { ClientInfo } from '#src/account/security-events.ts'
import type { Session } from '#src/account/sessions/sessions.ts'
import { authRequired, XrpcError } from '#src/errors.ts'
import { atLeast } from '#src/ports/pause.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'
import { wrongCredentials } from '#src/rules/passwords.ts'

/** The longest that the reference PDS ever accepted. */
const MAX_PASSWORD_LENGTH = 512
/** Every log-in takes at least this long, so that its duration does not reveal whether the account exists. */
const MIN_LOG_IN_MS = 350

export interface LogInInput {
  identifier: string
  password: string
  allowTakendown?: boolean
  authFactorToken?: string
  client?: ClientInfo
}

type OnFactorNeeded = (did: string) => Promise<void>

export interface LogInDispatch {
  directory: { accounts: { find(input: { identifier: string }): Promise<{ did: string } | null> } }
  account(
    did: string,
    caller?: string,
    wakeFor?: 'sign in',
  ): {
    session: {
      createSession(input: Omit<LogInInput, 'identifier'>): Promise<Session>
    }
  }
}

/**
 * com.atproto.server.createSession. Throws 401 as the account's createSession. If the password is right and the second
 * factor is missing, `onFactorNeeded` is called first.
 */
export async function logIn(
  dispatch: LogInDispatch,
  input: LogInInput,
  minMs = MIN_LOG_IN_MS,
  onFactorNeeded?: OnFactorNeeded,
): Promise<Session> {
  return atLeast(minMs, findAndLogIn(dispatch, input, onFactorNeeded))
}

async function findAndLogIn(
  dispatch: LogInDispatch,
  input: LogInInput,
  onFactorNeeded: OnFactorNeeded | undefined,
): Promise<Session> {
  const { identifier, password, allowTakendown = false, ...more } = input
  if (password.length > MAX_PASSWORD_LENGTH) {
    throw authRequired('Password too long. Consider resetting your password.')
  }
  const found = await dispatch.directory.accounts.find({
    identifier: normalizeIdentifier(identifier),
  })
  if (found === null) throw wrongCredentials()
  const { did } = found
  try {
    const { session } = dispatch.account(did, input.client?.network, 'sign in')
    return await session.createSession({ password, allowTakendown, ...more })
  } catch (error) {
    const isNeeded = error instanceof XrpcError && error.error === 'AuthFactorTokenRequired'
    if (isNeeded) await onFactorNeeded?.(did)
    throw error
  }
}
