-- Without IPv6 its address and router are constants, without DHCP the host's name; what IPv4 is given may be given at boot.
-- args: --set net=native --set ipv6=off
return unikernel "site" {
  sources  = { "site.c" },
  requires = { stack = sig.stack },
}
