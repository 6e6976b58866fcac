/** Where the security pages are. */
export const home = '/account/security'
