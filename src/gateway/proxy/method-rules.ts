/** Methods that are never proxied, and methods that need a privileged session. */

/** Neither proxied nor issued service tokens: they are called on this server only. */
const protectedMethods = lowerCaseSet([
  'com.atproto.admin.sendEmail',
  'com.atproto.identity.requestPlcOperationSignature',
  'com.atproto.identity.signPlcOperation',
  'com.atproto.identity.updateHandle',
  'com.atproto.server.activateAccount',
  'com.atproto.server.confirmEmail',
  'com.atproto.server.createAppPassword',
  'com.atproto.server.deactivateAccount',
  'com.atproto.server.getAccountInviteCodes',
  'com.atproto.server.getSession',
  'com.atproto.server.listAppPasswords',
  'com.atproto.server.requestAccountDelete',
  'com.atproto.server.requestEmailConfirmation',
  'com.atproto.server.requestEmailUpdate',
  'com.atproto.server.revokeAppPassword',
  'com.atproto.server.updateEmail',
])

/** Of the account itself, besides the chat. */
const privilegedMethods = lowerCaseSet(['com.atproto.server.createAccount'])

/** Case-insensitive, because services match method names case-insensitively. */
export function isProtectedMethod(nsid: string): boolean {
  return protectedMethods.has(nsid.toLowerCase())
}

/** Of groups an app with an app password may only learn which there are. */
const openGroupMethods = lowerCaseSet(['dev.headwater.group.getMe', 'dev.headwater.group.list'])

/** All of `chat.bsky`: the reference lists its methods, so newer ones would be open to app passwords. */
export function isPrivilegedMethod(nsid: string): boolean {
  const name = nsid.toLowerCase()
  const isOfGroups = name.startsWith('dev.headwater.group.') && !openGroupMethods.has(name)
  const isOfHistory = name.startsWith('dev.headwater.history.')
  return name.startsWith('chat.bsky.') || isOfGroups || isOfHistory || privilegedMethods.has(name)
}

function lowerCaseSet(nsids: readonly string[]): ReadonlySet<string> {
  return new Set(nsids.map((nsid) => nsid.toLowerCase()))
}
