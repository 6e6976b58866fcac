/** The texts of the pages on moving a group that are not those of an account, in English. */
export const en = {
  moveAwayHelp:
    'The group keeps its followers, posts and pictures. It is copied first, and nobody notices. It is moved only when you confirm it with a code.',
  accountAt: 'The group at {server}',
  bringBackHelp:
    'The group is at {server} now. Its data is copied back here, to its members and roles.',
  missingHelp:
    'The old server does not have them any more, or the new one does not accept them. If you continue, the posts of the group will lack these files.',
  confirmHelp:
    'Everything is copied. To move the identity of the group, enter the code that {server} emails. Then the group is active at the new server and deactivated at the old one.',
  codeSent: '{server} has sent the code by email.',
  cancelIn: 'At the old server nothing has changed. Here the group stays deactivated.',
  doneIn: 'The group is on this server now',
  doneInHelp:
    'Members, roles and the activity log are as they were. At {server} the group is deactivated; you can delete it there.',
  doneOut: 'The group is at {server} now',
  doneOutHelp:
    'Sign in there with the password that you have chosen. Here the group is deactivated and nobody can write. Members, roles and the activity log stay, in case it comes back.',
} as const

export type GroupMoveTexts = Record<keyof typeof en, string>
