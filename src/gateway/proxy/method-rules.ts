/** Methods that are the account's own business with this server, and those that an app password may not have. */

/** Neither proxied nor given service tokens: whoever holds the session must call them here. */
const protectedMethods = lowered([
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

/** For log-ins with the account's password, and for app passwords with privileges. */
const privilegedMethods = lowered([
  'chat.bsky.actor.deleteAccount',
  'chat.bsky.actor.exportAccountData',
  'chat.bsky.convo.deleteMessageForSelf',
  'chat.bsky.convo.getConvo',
  'chat.bsky.convo.getConvoForMembers',
  'chat.bsky.convo.getLog',
  'chat.bsky.convo.getMessages',
  'chat.bsky.convo.leaveConvo',
  'chat.bsky.convo.listConvos',
  'chat.bsky.convo.muteConvo',
  'chat.bsky.convo.sendMessage',
  'chat.bsky.convo.sendMessageBatch',
  'chat.bsky.convo.unmuteConvo',
  'chat.bsky.convo.updateRead',
  'com.atproto.server.createAccount',
])

/** Services match methods without regard to case, so these rules do too. */
export function isProtectedMethod(nsid: string): boolean {
  return protectedMethods.has(nsid.toLowerCase())
}

export function isPrivilegedMethod(nsid: string): boolean {
  return privilegedMethods.has(nsid.toLowerCase())
}

function lowered(nsids: readonly string[]): ReadonlySet<string> {
  return new Set(nsids.map((nsid) => nsid.toLowerCase()))
}
