/** URI schemes that are not an app's own, and so never lead back to one: RFC 8252 §7.1, §8.4. */

/**
 * Schemes that run script, show what the app wrote, open files or pages of the browser, or belong to
 * other protocols and to programs that come with a system. A scheme is private to an app only if
 * nothing else has it.
 */
const FORBIDDEN_SCHEMES = new Set(
  `about acap acct admin afp aim android-app app-settings attachment bitcoin blob brave cap
  callto chrome chrome-error chrome-native chrome-search chrome-untrusted cid content crid dav davs
  data devtools dict dns edge ethereum facetime facetime-audio fax feed feeds file filesystem finger
  fish ftp ftps geo git git-ssh gopher googlechrome googlechromes gtalk h323 hcp help iax icap im
  imap imaps info intent ipfs ipns ipp ipps irc irc6 ircs isolated-app itms itms-apps itms-appss
  itms-books itms-services its jabber jar javascript ldap ldapi ldaps livescript magnet mailto maps
  market message mhtml mid microsoft-edge mk mms mmst mocha mongodb moz-icon moz-page-thumb ms-its
  msnim mysql news nfs nntp opaquelocktoken opera payto pop pop3 postgres postgresql prefs proxy pres
  rdp redis res resource rlogin rmi rsync rtmp rtsp rtsps rtspu scp search secondlife session sftp shell shttp
  sip sips sms smsto smb smtp sms-mms snews snmp soap.beep spotlight ssh sql stun stuns svn svn+ssh
  tag tel telephone telnet tftp tn3270 turn turns tv udp unreal urn vbscript view-source vivaldi
  vnc wais webcal webcals webdav webdavs ws wss wyciwyg xmpp z39.50 z39.50r z39.50s`.split(/\s+/),
);

/**
 * What families of such schemes begin with: `ms-settings` and `search-ms` of Windows,
 * `x-apple.systempreferences` of macOS, `chrome-devtools`, and what could be mistaken for http.
 */
const FORBIDDEN_FAMILIES = /^(?:http|ms-|x-apple|chrome-|moz-|web\+|com\.apple\.)|-ms$/;

/** Whether no app may receive its answer at this scheme, in lower case. */
export const isForbiddenScheme = (scheme: string): boolean =>
  FORBIDDEN_SCHEMES.has(scheme) || FORBIDDEN_FAMILIES.test(scheme);
