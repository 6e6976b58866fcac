import { describe, expect, it } from 'vitest'
import type { Session } from '#src/account/sessions/sessions.ts'
import { type LogInDispatch, logIn } from '#src/gateway/workflows/log-in.ts'
import { wrongCredentials } from '#src/rules/passwords.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const session: Session = {
  did,
  handle: 'alice.test',
  emailConfirmed: false,
  active: true,
  accessJwt: 'a',
  refreshJwt: 'r',
}

/** One account, alice.test; `requests` has the calls. */
function server() {
  const requests: string[] = []
  const dispatch: LogInDispatch = {
    directory: {
      accounts: {
        async find({ identifier }) {
          requests.push(`find ${identifier}`)
          return identifier === 'alice.test' ? { did } : null
        },
      },
    },
    account: (of) => ({
      session: {
        async createSession({ password }) {
          requests.push(`createSession ${of}`)
          if (password !== 'right') throw wrongCredentials()
          return session
        },
      },
    }),
  }
  return { dispatch, requests }
}

describe('logIn', () => {
  it.each(['Alice.TEST', '@alice.test', ' alice.test\u200b'])(
    'logIn finds the account by the identifier %j',
    async (identifier) => {
      const { dispatch, requests } = server()
      const input = { identifier, password: 'right' }
      expect(await logIn(dispatch, input, 0)).toEqual(session)
      expect(requests).toEqual(['find alice.test', `createSession ${did}`])
    },
  )

  it('logIn answers an unknown identifier and a wrong password alike', async () => {
    const { dispatch } = server()
    const unknown = logIn(dispatch, { identifier: 'bob.test', password: 'right' }, 0)
    const wrong = logIn(dispatch, { identifier: 'alice.test', password: 'wrong' }, 0)
    const [a, b] = await Promise.all([unknown, wrong].map((attempt) => attempt.catch((e) => e)))
    expect([a.status, a.error, a.message]).toEqual([b.status, b.error, b.message])
    expect(a).toMatchObject({ status: 401, error: 'AuthenticationRequired' })
  })

  it('logIn rejects passwords over 512 characters without hashing them', async () => {
    const { dispatch, requests } = server()
    for (const identifier of ['alice.test', 'bob.test']) {
      const attempt = logIn(dispatch, { identifier, password: 'x'.repeat(513) }, 0)
      await expect(attempt).rejects.toMatchObject({ status: 401 })
    }
    expect(requests).toEqual([])
  })

  it('logIn takes a minimum time, also if it fails', async () => {
    const { dispatch } = server()
    for (const password of ['right', 'wrong']) {
      const start = performance.now()
      await logIn(dispatch, { identifier: 'alice.test', password }, 60).catch(() => {})
      expect(performance.now() - start).toBeGreaterThan(55)
    }
  })
})
