/** The gateway's half of createSession: from an identifier to the account, and nothing learned on the way. */
import type { ClientInfo } from '#src/account/security-events.ts'
import type { Session } from '#src/account/sessions/sessions.ts'
import { authRequired, XrpcError } from '#src/errors.ts'
import { atLeast } from '#src/ports/pause.ts'
import { wrongCredentials } from '#src/rules/passwords.ts'

/** The longest password that is looked at, as long as the reference ever accepted. */
const longestPassword = 512
/** Every login takes this many milliseconds, so that its time tells nothing of what exists. */
const shortestLogin = 350

export interface LogInInput {
  /** Handle, DID or email. */
  identifier: string
  password: string
  allowTakendown?: boolean
  /** The code of the second step, where the account has one. */
  authFactorToken?: string
  where?: ClientInfo
}

type OnFactorNeeded = (did: string) => Promise<void>

/** What logging in asks of the directory and of the account. */
export interface LogInDispatch {
  directory: { accounts: { find(input: { identifier: string }): Promise<{ did: string } | null> } }
  account(did: string): {
    session: {
      createSession(input: Omit<LogInInput, 'identifier'>): Promise<Session>
    }
  }
}

/**
 * com.atproto.server.createSession. Throws 401 as `createSession` does, and takes at least 350 ms. Whoever showed the
 * right password and lacks the second step is told to `onFactorNeeded` first.
 */
export async function logIn(
  dispatch: LogInDispatch,
  input: LogInInput,
  minimum = shortestLogin,
  onFactorNeeded?: OnFactorNeeded,
): Promise<Session> {
  return atLeast(minimum, findAndLogIn(dispatch, input, onFactorNeeded))
}

async function findAndLogIn(
  dispatch: LogInDispatch,
  input: LogInInput,
  onFactorNeeded: OnFactorNeeded | undefined,
): Promise<Session> {
  const { identifier, password, allowTakendown = false, ...more } = input
  if (password.length > longestPassword) {
    throw authRequired('Password too long. Consider resetting your password.')
  }
  const found = await dispatch.directory.accounts.find({ identifier: identifier.toLowerCase() })
  if (found === null) throw wrongCredentials()
  const { did } = found
  try {
    return await dispatch.account(did).session.createSession({ password, allowTakendown, ...more })
  } catch (error) {
    const isNeeded = error instanceof XrpcError && error.error === 'AuthFactorTokenRequired'
    if (isNeeded) await onFactorNeeded?.(did)
    throw error
  }
}
