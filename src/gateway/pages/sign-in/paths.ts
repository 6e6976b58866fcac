/** The paths of the pages for signing in, signing up and a new password, with and without an app's request. */
export const authorizePath = '/oauth/authorize'
export const signInPath = '/account/sign-in'
export const signUpPath = '/account/sign-up'
export const resetPath = '/account/reset-password'

export const signInPaths: readonly string[] = [authorizePath, signInPath, signUpPath, resetPath]

export function isSignInPage(path: string): boolean {
  return signInPaths.includes(path)
}

/** What is in the URL of a page beside an app's request, so that reload and back lead to the same page. */
export const stateParams = ['page', 'account', 'handle', 'remember', 'done'] as const
