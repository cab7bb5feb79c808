/** Messages of the pages about domains, and of the emails about them, in English. */

import type { HostnameProblem } from "../custom-hostnames-api";
import type { NameProblem } from "../domain-name";
import type { DnsFinding, FileFinding } from "../evidence";
import type { CertificateState, HostState } from "../hostname-state";

/** What a notice says. `until`: the day on which the domain stops. */
type Mail = (host: string, until: string, link: string) => { subject: string; text: string };

const failing: Mail = (host, until, link) => ({
  subject: `Your domain ${host} needs your attention`,
  text: `The value that proves that ${host} is yours can’t be found any more. Your address with this domain works until ${until}, and then stops. Publish the value again to keep it. This page says how:\n${link}`,
});

const stopped: Mail = (host, _until, link) => ({
  subject: `Your domain ${host} has stopped`,
  text: `The value that proves that ${host} is yours was gone for too long, so your address with this domain doesn’t work any more. Your account and your data are as they were. Publish the value again to get the address back. This page says how:\n${link}`,
});

export const en = {
  title: "Your domains",
  about:
    "With a domain of your own, your address stays the same even if you change to another provider. Add a domain, and prove that it’s yours.",
  none: "You haven’t added a domain.",
  add: "Add a domain",
  domain: "Domain",
  domainHint: "Such as alice.example",
  submit: "Add",
  nameProblems: {
    invalid: "This isn’t the name of a domain. Enter one like alice.example.",
    local: "This name only works inside a network. Enter one that works everywhere.",
    "public-suffix": "This isn’t the domain of a single person: others have names below it.",
    provider: "This domain belongs to this site.",
  } satisfies Record<NameProblem, string>,
  tooMany: (max: number) => `You can have at most ${max} domains. Remove one first.`,
  unavailable: "This site can’t check domains. Its operator can add yours.",
  details: "Details",
  detailsOf: (host: string) => `Details of ${host}`,
  states: {
    active: "Active",
    given: "Active. The operator of this site has added it for you.",
    open: "Waiting for your proof",
    failing: "Your proof can’t be found any more",
    taken: "Belongs to another account",
  },
  active: "This domain is yours. Your address works as soon as the domain points here.",
  openUntil: "Publish the value below, or this claim expires:",
  failing:
    "The value below can’t be found any more. Publish it again, or this domain stops working:",
  taken:
    "Your value was found, but the domain belongs to another account here, whose value is still published, too. Remove that value, and the domain becomes yours. If you don’t find it, ask the operator of this site.",
  address: "Your address",
  verified: "Last found",
  keep: "Leave the value where it is. It’s looked for once a month, and you’re told before anything stops.",
  prove: "Prove that it’s yours",
  dns: {
    title: "In DNS",
    about: "Add a record where you manage the domain’s DNS:",
    type: "Type",
    name: "Name",
    nameHint: (label: string) => `Some providers only want the first part: ${label}`,
    value: "Value",
  },
  dnsFindings: {
    found: "Found.",
    none: "There’s no such record yet. After you’ve added it, it can take some minutes until it’s seen everywhere.",
    other: "There’s a record with this name, but with another value, perhaps an older one.",
    differs: "So far only one of two DNS servers has seen the value. The other one will follow.",
    alias: "This name is an alias (CNAME) of another name. It must have a TXT record itself.",
    refused: "The domain’s name servers don’t answer, or answer with an error.",
    unavailable: "DNS couldn’t be asked just now.",
  } satisfies Record<DnsFinding, string>,
  file: {
    title: "Or with a file",
    about: "If a web site is at this domain, put a text file there:",
    url: "Address",
    content: "Content",
  },
  fileFindings: {
    found: "Found.",
    none: "There’s no such file yet.",
    other: "There’s a file, but none of its lines is this value.",
    redirect: "This address redirects to another one. The file must be at this address itself.",
    unreachable: "No web site answers there by https.",
  } satisfies Record<FileFinding, string>,
  checked: "Last checked",
  checksAgain: "While this page is open it checks again by itself.",
  checkNow: "Check now",
  webFingerRules: {
    title: "Point it here",
    about: (host: string) =>
      `Apps ask the web site at ${host} where your storage is. Let it send them here; everything else on the site stays as it is.`,
    anywhere: [
      "Anywhere else, upload",
      "this file",
      " as .well-known/webfinger. If you change providers, replace it.",
    ],
    upload: ["Upload", "this file", " as .well-known/webfinger."],
    site: (host: string) => `Into the server block of ${host}:`,
    file: (name: string) => `Into the file ${name}:`,
    emptyFile: (name: string) =>
      `Add an empty file with the name ${name}, so that folders that start with a dot are published.`,
  },
  wholeHost: {
    title: "Your storage at this domain",
    about:
      "If nothing else is at this domain, all of it can lead here. Then your storage has an address there, too, which apps keep when you change providers.",
    cname: (host: string) => `In DNS, make ${host} an alias (CNAME) of:`,
    route:
      "Ask the operator of this site whether they can add this route; only then does the domain lead here:",
    tryIt: "Try it: this page must show the state of this site:",
    root: "Address of your storage",
    on: "Serve my storage there",
    onAbout:
      "Apps that you connect with the address of this domain from then on use it. Those that are connected already go on where they are.",
    off: "Stop serving my storage there",
    offAbout: "Apps that use your storage there lose it until you connect them again.",
    isOn: "Your storage is served at this domain. Pages are not.",
  },
  customHostname: {
    start: "Point the domain here",
    startAbout:
      "You change one record in DNS. The certificate for the domain then comes from Cloudflare by itself.",
    enter: "In DNS, add this record. It takes the place of all others that have the same name:",
    record: "The record in DNS",
    target: "Target",
    nameHint:
      "Many DNS providers allow no such record for a whole domain like alice.example. Then add a name below it here, like storage.alice.example.",
    hostStates: {
      active: "The domain points here.",
      pending:
        "The domain doesn’t point here yet. After you’ve changed DNS it can take some minutes.",
      moved: "The domain doesn’t point here any more, or hasn’t for a week. Check the record.",
      blocked:
        "Cloudflare doesn’t let the domain point here. If it’s in an account of yours there, look whether it has a zone hold.",
      deleted: "The domain didn’t point here for too long, so Cloudflare has given up.",
    } satisfies Record<HostState, string>,
    certificateStates: {
      initializing: "The certificate is being requested.",
      pending_validation: "The certificate waits until the domain points here.",
      pending_issuance: "The certificate is being issued.",
      pending_deployment: "The certificate is being installed.",
      active: "The certificate is valid.",
      timed_out: "The certificate couldn’t be issued in time.",
      ended: "There’s no certificate any more.",
    } satisfies Record<CertificateState, string>,
    errors: (text: string) => `Cloudflare says: ${text}`,
    problems: {
      refused: "Cloudflare doesn’t accept the name of this domain.",
      taken: "Somebody else has this domain at Cloudflare already.",
      quota: "No more domains can point here at the moment. Ask the operator of this site.",
      operator:
        "The operator of this site has to change something at Cloudflare first. It’s tried again each day.",
      busy: "Cloudflare is asked too often at the moment. It’s tried again.",
      unavailable: "Cloudflare couldn’t be asked just now. It’s tried again.",
    } satisfies Record<HostnameProblem, string>,
    again: "Try again",
    stop: "Stop pointing the domain here",
    stopAbout: "If you stop this, change the record in DNS, too.",
  },
  remove: "Remove",
  removal: {
    title: (host: string) => `Remove ${host}?`,
    text: "Your address with this domain stops working. Your account and your data stay as they are.",
  },
  notFound: {
    title: "Domain not found",
    sentence: "This domain isn’t among yours, or its claim has expired.",
  },
  back: "Your domains",
  mail: { failing, stopped },
};
