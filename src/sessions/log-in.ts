/** The gateway's half of createSession: from an identifier to the account, and nothing learned on the way. */
import { authRequired } from '#src/errors.ts'
import { atLeast } from '#src/ports/timers.ts'
import { type Session, wrongCredentials } from '#src/sessions/sessions.ts'

/** The longest password that is looked at, as long as the reference ever accepted. */
const longestPassword = 512
/** Every login takes this many milliseconds, so that its time tells nothing of what exists. */
const shortestLogin = 350

export interface LogInInput {
  /** Handle, DID or email. */
  identifier: string
  password: string
  allowTakendown?: boolean
}

/** What logging in asks of the directory and of the account. */
export interface LogInDispatch {
  directory: { accounts: { find(input: { identifier: string }): Promise<{ did: string } | null> } }
  account(did: string): {
    session: {
      createSession(input: { password: string; allowTakendown?: boolean }): Promise<Session>
    }
  }
}

/** com.atproto.server.createSession. Throws 401 as `createSession` does, and takes at least 350 ms. */
export async function logIn(
  dispatch: LogInDispatch,
  input: LogInInput,
  minimum = shortestLogin,
): Promise<Session> {
  return atLeast(minimum, enter(dispatch, input))
}

async function enter(dispatch: LogInDispatch, input: LogInInput): Promise<Session> {
  const { identifier, password, allowTakendown = false } = input
  if (password.length > longestPassword) {
    throw authRequired('Password too long. Consider resetting your password.')
  }
  const found = await dispatch.directory.accounts.find({ identifier: identifier.toLowerCase() })
  if (found === null) throw wrongCredentials()
  return dispatch.account(found.did).session.createSession({ password, allowTakendown })
}
