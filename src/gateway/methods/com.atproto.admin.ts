/** com.atproto.admin: methods of the admin and of the moderation service. */
import { invalidRequest } from '#src/errors.ts'
import { updateHandle } from '#src/gateway/identity/update-handle.ts'
import { accountViews } from '#src/gateway/methods/account-views.ts'
import { applySubjectStatus, readSubjectStatus } from '#src/gateway/methods/subject-status.ts'
import { parseSubject, subjectFromParams } from '#src/gateway/methods/subjects.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as admin from '#src/protocol/lexicons/com/atproto/admin.ts'

const notFound = () => invalidRequest('Account not found', 'NotFound')

const accountFromInput = {
  of: ({ input }: { input: { did: string } }) => input.did,
  unknown: notFound,
} as const

export const getAccountInfo = method(admin.getAccountInfo, {
  auth: 'moderator',
  run: async ({ params: { did }, request: { signal }, server: { dispatch } }) => {
    const accounts = await dispatch.directory.accounts.getInfos({ dids: [did] })
    const [view] = await accountViews(dispatch, accounts, { withDates: true, signal })
    if (view === undefined) throw notFound()
    return view
  },
})

/** Each may have to be woken. */
const MAX_INFOS = 500

export const getAccountInfos = method(admin.getAccountInfos, {
  auth: 'moderator',
  run: async ({ params: { dids }, request: { signal }, server: { dispatch } }) => {
    if (dids.length > MAX_INFOS) throw invalidRequest(`Too many dids. Max: ${MAX_INFOS}`)
    const accounts = await dispatch.directory.accounts.getInfos({ dids })
    return { infos: await accountViews(dispatch, accounts, { withDates: true, signal }) }
  },
})

export const searchAccounts = method(admin.searchAccounts, {
  auth: 'moderator',
  run: async ({
    params: { email: text, ...params },
    request: { signal },
    server: { dispatch },
  }) => {
    const filter = text === undefined ? {} : { text }
    const { accounts, cursor } = await dispatch.directory.accounts.search({ ...params, ...filter })
    const views = await accountViews(dispatch, accounts, { withDates: false, signal })
    return { ...(cursor !== undefined && { cursor }), accounts: views }
  },
})

export const getInviteCodes = method(admin.getInviteCodes, {
  auth: 'moderator',
  run: ({ params, server: { dispatch } }) => dispatch.directory.invites.list(params),
})

export const disableInviteCodes = method(admin.disableInviteCodes, {
  auth: 'moderator',
  run: async ({ input, server: { dispatch } }) => {
    await dispatch.directory.invites.disable(input)
    return undefined
  },
})

export const disableAccountInvites = method(admin.disableAccountInvites, {
  auth: 'moderator',
  run: async ({ input: { account: did }, server: { dispatch } }) => {
    await dispatch.directory.invites.setDisabled({ did, disabled: true })
    return undefined
  },
})

export const enableAccountInvites = method(admin.enableAccountInvites, {
  auth: 'moderator',
  run: async ({ input: { account: did }, server: { dispatch } }) => {
    await dispatch.directory.invites.setDisabled({ did, disabled: false })
    return undefined
  },
})

export const getSubjectStatus = method(admin.getSubjectStatus, {
  auth: 'moderator',
  of: ({ params }) => subjectFromParams(params).repo,
  unknown: () => invalidRequest('Subject not found', 'NotFound'),
  run: ({ account, did, params }) => readSubjectStatus(account, did, subjectFromParams(params)),
})

export const updateSubjectStatus = method(admin.updateSubjectStatus, {
  auth: 'moderator',
  of: ({ input: { subject } }) => parseSubject(subject).repo,
  unknown: () => invalidRequest('Repo not found', 'NotFound'),
  run: async ({ did, input, server }) => {
    const { subject, takedown } = input
    await applySubjectStatus(server, did, parseSubject(subject), input)
    return { subject, ...(takedown !== undefined && { takedown }) }
  },
})

export const sendEmail = method(admin.sendEmail, {
  auth: 'moderator',
  run: async ({ input: { recipientDid, content, subject }, server }) => {
    const dids = [recipientDid]
    const [recipient] = await server.dispatch.directory.accounts.getInfos({ dids })
    if (recipient === undefined) throw invalidRequest('Recipient not found')
    const { email: to } = recipient
    if (to === null) throw invalidRequest('account does not have an email address')
    const head = { to, subject: subject ?? 'Message via your PDS' }
    await server.moderationMailer.send({ ...head, text: plainText(content), html: content })
    return { sent: true }
  },
})

export const updateAccountEmail = method(admin.updateAccountEmail, {
  auth: 'admin',
  of: ({ input: { account } }) => account,
  unknown: (name) => invalidRequest(`Account does not exist: ${name}`),
  run: async ({ account, input: { email } }) => {
    await account.email.set({ email })
    return undefined
  },
})

export const updateAccountPassword = method(admin.updateAccountPassword, {
  ...accountFromInput,
  auth: 'admin',
  run: async ({ account, input: { password } }) => {
    await account.password.set({ password })
    return undefined
  },
})

export const updateAccountHandle = method(admin.updateAccountHandle, {
  ...accountFromInput,
  unknown: () => invalidRequest('Account not found'),
  auth: 'admin',
  run: async ({ did, input: { handle }, server }) => {
    await updateHandle(server.identity, { did, handle, allowAnyValid: true })
    return undefined
  },
})

export const updateAccountSigningKey = method(admin.updateAccountSigningKey, {
  ...accountFromInput,
  auth: 'admin',
  run: async ({ did, input: { signingKey }, server }) => {
    await server.rotateSigningKey({ did, signingKey })
    return undefined
  },
})

export const deleteAccount = method(admin.deleteAccount, {
  ...accountFromInput,
  auth: 'admin',
  run: async ({ did, server }) => {
    await server.deleteAccount(did)
    return undefined
  },
})

function plainText(html: string): string {
  return html
    .replace(/<(br|\/p|\/div|\/li|\/h\d)[^<>]*>/gi, '\n')
    .replace(/<[^<>]*>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
}
