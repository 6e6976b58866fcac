/** The texts of the landing page, the status and the pages beside them in English. */
export const en = {
  signIn: 'Sign in',
  yourAccount: 'Your account',
  signUp: 'Create account',
  moveHere: 'Move an account here',
  byInvite: 'To create an account, you need an invite code.',
  about:
    'An account here works in every app of the AT Protocol. What you post and whom you follow is yours: you can move to another server at any time.',
  handles: 'Your name here',
  handlesHelp: 'Handles on this server look like this. You can also use your own domain.',
  you: 'you',
  contact: 'Contact',
  status: 'Status',
  home: 'Home',
  works: 'Everything works',
  fails: 'Something is not working',
  failsHelp:
    'If this server is monitored, its operator has been notified. Try again in a few minutes.',
  worksPart: 'Works',
  failsPart: 'Not working',
  signingIn: 'Signing in',
  writing: 'Posts and other changes',
  files: 'Pictures and files',
  network: 'Delivery to apps',
  accountHere: 'has an account on this server.',
  did: 'Permanent identifier (DID)',
  openProfile: 'Open the profile in Bluesky',
  isYou: 'Is this you?',
  noAccount: 'No account has this name',
  noAccountHelp: 'There is no account {handle} on this server.',
  notFound: 'Page not found',
  notFoundHelp: 'There is nothing at this address. The link may be old or mistyped.',
  broken: 'Something went wrong',
  brokenHelp: 'The page could not be shown. Try again in a moment.',
} as const

export type HomeTexts = Record<keyof typeof en, string>
