import { describe, expect, it } from 'vitest'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { asAccount, did, handle, openGateway, outcome, post } from '#tests/support/gateway.ts'

const email = 'alice@example.com'
const token = 'ABCDE-FGHIJ'
const name = (method: string) => `com.atproto.server.${method}`

describe('requestPasswordReset', () => {
  const requestPasswordReset = name('requestPasswordReset')
  const find = ({ identifier }: { identifier: string }) =>
    identifier === email ? { did, handle, status: 'active' } : null

  function open(sent: () => unknown = () => ({ token, email })) {
    return openGateway({
      account: { email: { requestToken: sent } },
      directory: { accounts: { find }, passwordResets: { record: () => undefined } },
    })
  }

  it('requestPasswordReset stores the token in the directory before it is sent', async () => {
    const gateway = open()
    const response = await post(gateway, requestPasswordReset, { email })
    expect([response.status, await response.text()]).toEqual([200, ''])
    await gateway.server.backgroundTasks.settled()
    expect(gateway.calls).toEqual([
      ['accounts.find', { identifier: email }],
      ['email.requestToken', { purpose: 'reset_password', evenTakendown: true }],
      ['passwordResets.record', { did, token }],
    ])
    expect(gateway.sent).toMatchObject([{ to: email, subject: 'Password Reset Requested' }])
    expect(gateway.sent[0]?.text).toContain(token)
    expect(gateway.sent[0]?.text).toContain(handle)
  })

  it('requestPasswordReset sends and stores nothing if the account was sent too many mails', async () => {
    const gateway = open(() => ({ email }))
    const response = await post(gateway, requestPasswordReset, { email })
    expect([response.status, await response.text()]).toEqual([200, ''])
    await gateway.server.backgroundTasks.settled()
    expect(gateway.calls.map(([action]) => action)).toEqual(['accounts.find', 'email.requestToken'])
    expect(gateway.sent).toEqual([])
  })

  it('requestPasswordReset answers alike for a known, unknown or malformed address, and if sending fails', async () => {
    const failing = () => {
      throw invalidRequest('account does not have an email address')
    }
    const answers = await Promise.all(
      [
        post(open(), requestPasswordReset, { email }),
        post(open(), requestPasswordReset, { email: 'nobody@example.com' }),
        post(open(), requestPasswordReset, { email: handle }),
        post(open(failing), requestPasswordReset, { email }),
      ].map(async (answer) => {
        const { status, headers } = await answer
        return [status, await (await answer).text(), [...headers].sort()]
      }),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  })

  it('requestPasswordReset answers before the account is looked up', async () => {
    const never = { accounts: { find: () => new Promise(() => {}) } }
    const response = await post(openGateway({ directory: never }), requestPasswordReset, { email })
    expect(response.status).toBe(200)
  })
})

describe('resetPassword', () => {
  const reset = (input: object, found: object | null = { did }) => {
    const gateway = openGateway({
      account: { password: { reset: () => undefined } },
      directory: { passwordResets: { find: () => found } },
    })
    return { gateway, answer: post(gateway, name('resetPassword'), input) }
  }

  it('resetPassword finds the account by the token', async () => {
    const { gateway, answer } = reset({ token, password: 'hunter3' })
    expect((await answer).status).toBe(200)
    expect(gateway.calls).toEqual([
      ['passwordResets.find', { token }],
      ['password.reset', { token, password: 'hunter3', client: {} }],
    ])
  })

  it('resetPassword rejects an unknown token, and before that a password that is too long', async () => {
    expect(await outcome(reset({ token, password: 'hunter3' }, null).answer)).toMatchObject({
      status: 400,
      error: 'InvalidToken',
    })
    const long = reset({ token, password: 'x'.repeat(257) }, null)
    expect(await outcome(long.answer)).toMatchObject({ message: 'Invalid password length.' })
    expect(long.gateway.calls).toEqual([])
  })
})

describe('emailed codes', () => {
  const gatewayWith = (menu: Record<string, () => unknown>) =>
    openGateway({ account: { email: menu } })

  it('requestEmailConfirmation sends a code', async () => {
    const gateway = gatewayWith({ requestToken: () => ({ token, email }) })
    await post(gateway, name('requestEmailConfirmation'), '', asAccount())
    expect(gateway.sent).toMatchObject([{ to: email, subject: 'Email Confirmation' }])
  })

  it('requestEmailUpdate sends a code only if one is required', async () => {
    const needed = gatewayWith({
      requestUpdate: () => ({ tokenRequired: true, sent: { token, email } }),
    })
    const answer = await post(needed, name('requestEmailUpdate'), '', asAccount())
    expect(await answer.json()).toEqual({ tokenRequired: true })
    expect(needed.sent).toMatchObject([{ to: email, subject: 'Email Update Requested' }])
    const needless = gatewayWith({ requestUpdate: () => ({ tokenRequired: false }) })
    const other = await post(needless, name('requestEmailUpdate'), '', asAccount())
    expect(await other.json()).toEqual({ tokenRequired: false })
    expect(needless.sent).toEqual([])
  })
})

it.each(['requestEmailUpdate', 'updateEmail', 'createAppPassword'])(
  '%s is refused to app passwords, privileged or not',
  async (method) => {
    const gateway = openGateway({ account: {} })
    const body = method === 'requestEmailUpdate' ? '' : { email, name: 'phone' }
    for (const scope of ['com.atproto.appPass', 'com.atproto.appPassPrivileged']) {
      const answer = post(gateway, name(method), body, asAccount(did, { scope }))
      expect(await outcome(answer)).toMatchObject({ status: 400, error: 'InvalidToken' })
    }
    expect(gateway.calls).toEqual([])
  },
)

it('requestPlcOperationSignature mails no code to a did:web', async () => {
  const web = 'did:web:alice.example.com'
  const gateway = openGateway({
    account: { email: { requestToken: () => ({ token, email }) } },
    directory: { accounts: { find: () => ({ did: web, handle, status: 'active' }) } },
  })
  const method = 'com.atproto.identity.requestPlcOperationSignature'
  expect(await outcome(post(gateway, method, '', asAccount(web)))).toEqual({
    status: 400,
    error: 'InvalidRequest',
    message: 'Only a did:plc has operations',
  })
  expect(gateway.sent).toEqual([])
})

it('a code that could not be mailed does not count as a mail', async () => {
  const failing = async () =>
    Promise.reject(new XrpcError(502, 'UpstreamFailure', 'no mail server'))
  const gateway = openGateway(
    {
      account: { email: { requestToken: () => ({ token, email }), uncountMail: () => undefined } },
    },
    { server: { mailer: { send: failing } } as never },
  )
  const { status } = await post(gateway, name('requestEmailConfirmation'), '', asAccount())
  expect(status).toBe(502)
  expect(gateway.calls.at(-1)).toEqual(['email.uncountMail', { purpose: 'confirm_email' }])
})
