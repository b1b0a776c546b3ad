/* announce.h - where the image's addresses are, told to the link. */
#ifndef LWIP_ANNOUNCE_H
#define LWIP_ANNOUNCE_H

/* Sends what makes switches and neighbours know it, once. */
void announce(void);

#endif
