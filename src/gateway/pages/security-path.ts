/** Where the security pages are. */
export const securityPath = '/account/security'
