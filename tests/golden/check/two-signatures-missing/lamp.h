#ifndef LAMP_H
#define LAMP_H

int lamp_on(void);
int lamp_off(void);

#endif
