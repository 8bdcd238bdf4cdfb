/*
 * One app in Swarm mode as the real programs see it: the canonical model; the specs that
 * docker 28.2 sends for its services (stack deploy of the generated file); and those that the
 * engine shows afterwards, 28.5 and 20.10. Single quotes stand for double ones; ids of objects are
 * "id-<key>", those of networks "net-<name>".
 */
#ifndef SWARM_GOLDEN_H
#define SWARM_GOLDEN_H

#include <stdlib.h>
#include <string.h>

#include "kata/error.h"
#include "kata/json.h"
#include "kata/memory.h"

/* JSON with single quotes. New reference; ends the test program when the text is wrong. */
__attribute__((unused)) static json_t *golden_json(const char *text)
{
	char *copy = xstrdup(text);
	struct kata_error e;
	json_t *value;

	for (char *p = copy; (p = strchr(p, '\'')); p++)
		*p = '"';
	value = json_parse_new(copy, strlen(copy), &e);
	if (!value)
		BUG("%s in %s", e.msg, text);
	free(copy);
	return value;
}

/* Sets (or, value NULL, removes) what is at "A/B/0/C"; makes objects on the way. Takes value. */
__attribute__((unused)) static void golden_set(json_t *root, const char *path, json_t *value)
{
	char *copy = xstrdup(path), *rest = copy, *part;
	json_t *next;

	while ((part = strsep(&rest, "/")) && rest) {
		next = json_is_array(root) ? json_array_get(root, (size_t)strtol(part, NULL, 10))
					   : json_object_get(root, part);
		if (!next && json_is_object(root)) {
			next = json_object();
			json_object_set_new(root, part, next);
		}
		root = next;
	}
	if (json_is_array(root) && value)
		json_array_set_new(root, (size_t)strtol(part, NULL, 10), value);
	else if (json_is_array(root))
		json_array_remove(root, (size_t)strtol(part, NULL, 10));
	else if (value)
		json_object_set_new(root, part, value);
	else
		json_object_del(root, part);
	free(copy);
}

static const char golden_model[] =
	"{'configs':{'c1':{'name':'st_c1'},'c2':{'name':'given'}},'networks':{'back':{'driver':"
	"'overlay','internal':true,'ipam':{'config':[{'subnet':'10.77.0.0/24'}],'driver':'defau"
	"lt'},'name':'a-special'},'default':{'name':'st_default'},'front':{'attachable':true,'d"
	"river_opts':{'encrypted':''},'labels':{'a':'b'},'name':'st_front'}},'secrets':{'s1':{'"
	"name':'st_s1'},'zz':{'labels':{'k':'v'},'name':'st_zz'}},'services':{'all':{'cap_drop'"
	":['ALL','CHOWN'],'deploy':{'mode':'global'},'image':'docker.io/library/bb','networks':"
	"{'front':{}},'restart':'no'},'job':{'command':['true'],'deploy':{'mode':'replicated-jo"
	"b','replicas':3},'image':'bb','network_mode':'host','restart':'on-failure:5'},'web':{'"
	"cap_add':['NET_ADMIN','cap_sys_admin','net_admin'],'cap_drop':['MKNOD','NET_ADMIN','ch"
	"own'],'command':['sleep 1000',''],'configs':[{'source':'c2','target':'c2'},{'mode':420"
	",'source':'c1','target':'/etc/c1'}],'deploy':{'endpoint_mode':'vip','labels':{'e':'','"
	"traefik.enable':'true'},'placement':{'constraints':['node.role==manager','node.labels."
	"x!=y'],'max_replicas_per_node':3,'preferences':[{'spread':'node.labels.zone'}]},'repli"
	"cas':2,'resources':{'limits':{'cpus':0.5,'pids':100},'reservations':{'cpus':0.25,'gene"
	"ric_resources':[{'discrete_resource_spec':{'kind':'gpu','value':2}}]}},'restart_policy"
	"':{'condition':'on-failure','delay':1000000000,'max_attempts':3,'window':10000000000},"
	"'rollback_config':{'parallelism':0},'update_config':{'delay':2000000000,'failure_actio"
	"n':'rollback','max_failure_ratio':0.1,'monitor':3000000000,'order':'start-first','para"
	"llelism':2}},'dns':['127.0.0.1'],'dns_search':['ex.org'],'entrypoint':['/bin/sh','-c']"
	",'environment':{'A':'1=2','A_1':'x','B':'2','EMPTY':''},'extra_hosts':['foo=127.0.0.1'"
	",'b=::1','a=10.0.0.1'],'healthcheck':{'interval':5000000000,'retries':3,'start_interva"
	"l':500000000,'start_period':1000000000,'test':['CMD-SHELL','true'],'timeout':200000000"
	"0},'hostname':'h-{{.Task.Slot}}','image':'bb','init':false,'isolation':'default','labe"
	"ls':{'empty':'','x':'1'},'logging':{'driver':'json-file','options':{'max-size':'1m'}},"
	"'mem_limit':67108864,'mem_reservation':16777216,'networks':{'back':{'driver_opts':{'a'"
	":'b'}},'default':{},'front':{'aliases':['www','x']}},'ports':[{'mode':'ingress','proto"
	"col':'tcp','published':'38080','target':80},{'mode':'host','protocol':'tcp','published"
	"':'30443','target':443},{'mode':'ingress','protocol':'tcp','target':99},{'mode':'ingre"
	"ss','protocol':'udp','published':'30700-30702','target':70},{'host_ip':'1.2.3.4','mode"
	"':'ingress','protocol':'tcp','published':'30707','target':7},{'host_ip':'1.2.3.5','mod"
	"e':'ingress','protocol':'tcp','published':'30707','target':7}],'read_only':true,'secre"
	"ts':[{'source':'zz','target':'zz'},{'gid':'1001','mode':256,'source':'s1','target':'/r"
	"un/secrets/other','uid':'1000'}],'shm_size':67108864,'stdin_open':true,'stop_grace_per"
	"iod':0,'stop_signal':'SIGTERM','sysctls':{'net.core.somaxconn':'1024'},'tmpfs':['/run:"
	"size=1m','/tmp2'],'tty':true,'ulimits':{'nofile':{'hard':40000,'soft':20000},'nproc':{"
	"'hard':65535,'soft':65535}},'user':'1000:1000','volumes':[{'bind':{'create_host_path':"
	"true},'source':'/srv','target':'/b','type':'bind'},{'bind':{'propagation':'rslave'},'r"
	"ead_only':true,'source':'/tmp','target':'/b2','type':'bind'},{'source':'data','target'"
	":'/data','type':'volume','volume':{'nocopy':true,'subpath':'x'}},{'target':'/anon','ty"
	"pe':'volume'},{'source':'ext','target':'/ext','type':'volume'},{'source':'drv','target"
	"':'/drv','type':'volume'},{'target':'/t','tmpfs':{'size':1048576},'type':'tmpfs'}],'wo"
	"rking_dir':'/tmp'}},'volumes':{'data':{'labels':{'l':'1'},'name':'st_data'},'drv':{'dr"
	"iver':'local','driver_opts':{'type':'tmpfs'},'name':'st_drv'},'ext':{'external':true,'"
	"name':'other'}}}";

static const char golden_sent_web[] =
	"{'EndpointSpec':{'Mode':'vip','Ports':[{'Protocol':'tcp','PublishMode':'ingress','Targ"
	"etPort':99},{'Protocol':'tcp','PublishMode':'host','PublishedPort':30443,'TargetPort':"
	"443},{'Protocol':'udp','PublishMode':'ingress','PublishedPort':30700,'TargetPort':70},"
	"{'Protocol':'udp','PublishMode':'ingress','PublishedPort':30701,'TargetPort':70},{'Pro"
	"tocol':'udp','PublishMode':'ingress','PublishedPort':30702,'TargetPort':70},{'Protocol"
	"':'tcp','PublishMode':'ingress','PublishedPort':30707,'TargetPort':7},{'Protocol':'tcp"
	"','PublishMode':'ingress','PublishedPort':38080,'TargetPort':80}]},'Labels':{'com.dock"
	"er.stack.image':'bb','com.docker.stack.namespace':'st','e':'','traefik.enable':'true'}"
	",'Mode':{'Replicated':{'Replicas':2}},'Name':'st_web','RollbackConfig':{'MaxFailureRat"
	"io':0,'Order':'','Parallelism':0},'TaskTemplate':{'ContainerSpec':{'Args':['sleep 1000"
	"',''],'CapabilityAdd':['CAP_NET_ADMIN','CAP_SYS_ADMIN'],'CapabilityDrop':['CAP_CHOWN',"
	"'CAP_MKNOD'],'Command':['/bin/sh','-c'],'Configs':[{'ConfigID':'id-c2','ConfigName':'g"
	"iven','File':{'GID':'0','Mode':292,'Name':'c2','UID':'0'}},{'ConfigID':'id-c1','Config"
	"Name':'st_c1_0c326c4f0279','File':{'GID':'0','Mode':420,'Name':'/etc/c1','UID':'0'}}],"
	"'DNSConfig':{'Nameservers':['127.0.0.1'],'Search':['ex.org']},'Dir':'/tmp','Env':['A=1"
	"=2','A_1=x','B=2','EMPTY='],'Healthcheck':{'Interval':5000000000,'Retries':3,'StartInt"
	"erval':500000000,'StartPeriod':1000000000,'Test':['CMD-SHELL','true'],'Timeout':200000"
	"0000},'Hostname':'h-{{.Task.Slot}}','Hosts':['127.0.0.1 foo','::1 b','10.0.0.1 a'],'Im"
	"age':'bb:latest','Init':false,'Isolation':'default','Labels':{'com.docker.stack.namesp"
	"ace':'st','empty':'','x':'1'},'Mounts':[{'Source':'/srv','Target':'/b','Type':'bind'},"
	"{'BindOptions':{'Propagation':'rslave'},'ReadOnly':true,'Source':'/tmp','Target':'/b2'"
	",'Type':'bind'},{'Source':'st_data','Target':'/data','Type':'volume','VolumeOptions':{"
	"'Labels':{'com.docker.stack.namespace':'st','l':'1'},'NoCopy':true,'Subpath':'x'}},{'T"
	"arget':'/anon','Type':'volume'},{'Source':'other','Target':'/ext','Type':'volume','Vol"
	"umeOptions':{}},{'Source':'st_drv','Target':'/drv','Type':'volume','VolumeOptions':{'D"
	"riverConfig':{'Name':'local','Options':{'type':'tmpfs'}},'Labels':{'com.docker.stack.n"
	"amespace':'st'}}},{'Target':'/t','TmpfsOptions':{'SizeBytes':1048576},'Type':'tmpfs'},"
	"{'Target':'/run','TmpfsOptions':{'SizeBytes':1048576},'Type':'tmpfs'},{'Target':'/tmp2"
	"','Type':'tmpfs'},{'Target':'/dev/shm','TmpfsOptions':{'SizeBytes':67108864},'Type':'t"
	"mpfs'}],'OpenStdin':true,'Privileges':{'CredentialSpec':null,'SELinuxContext':null},'R"
	"eadOnly':true,'Secrets':[{'File':{'GID':'1001','Mode':256,'Name':'/run/secrets/other',"
	"'UID':'1000'},'SecretID':'id-s1','SecretName':'st_s1_2cf24dba5fb0'},{'File':{'GID':'0'"
	",'Mode':292,'Name':'zz','UID':'0'},'SecretID':'id-zz','SecretName':'st_zz_844ecc08164e"
	"'}],'StopGracePeriod':0,'StopSignal':'SIGTERM','Sysctls':{'net.core.somaxconn':'1024'}"
	",'TTY':true,'Ulimits':[{'Hard':40000,'Name':'nofile','Soft':20000},{'Hard':65535,'Name"
	"':'nproc','Soft':65535}],'User':'1000:1000'},'ForceUpdate':0,'LogDriver':{'Name':'json"
	"-file','Options':{'max-size':'1m'}},'Networks':[{'Aliases':['web'],'DriverOpts':{'a':'"
	"b'},'Target':'a-special'},{'Aliases':['web'],'Target':'st_default'},{'Aliases':['www',"
	"'x','web'],'Target':'st_front'}],'Placement':{'Constraints':['node.role==manager','nod"
	"e.labels.x!=y'],'MaxReplicas':3,'Preferences':[{'Spread':{'SpreadDescriptor':'node.lab"
	"els.zone'}}]},'Resources':{'Limits':{'MemoryBytes':67108864,'NanoCPUs':500000000,'Pids"
	"':100},'Reservations':{'GenericResources':[{'DiscreteResourceSpec':{'Kind':'gpu','Valu"
	"e':2}}],'MemoryBytes':16777216,'NanoCPUs':250000000}},'RestartPolicy':{'Condition':'on"
	"-failure','Delay':1000000000,'MaxAttempts':3,'Window':10000000000}},'UpdateConfig':{'D"
	"elay':2000000000,'FailureAction':'rollback','MaxFailureRatio':0.1,'Monitor':3000000000"
	",'Order':'start-first','Parallelism':2}}";

static const char golden_sent_job[] =
	"{'EndpointSpec':{},'Labels':{'com.docker.stack.image':'bb','com.docker.stack.namespace"
	"':'st'},'Mode':{'ReplicatedJob':{'MaxConcurrent':3,'TotalCompletions':3}},'Name':'st_j"
	"ob','TaskTemplate':{'ContainerSpec':{'Args':['true'],'Image':'bb:latest','Labels':{'co"
	"m.docker.stack.namespace':'st'},'Privileges':{'CredentialSpec':null,'SELinuxContext':n"
	"ull}},'ForceUpdate':0,'Networks':[{'Target':'host'}],'Placement':{},'Resources':{},'Re"
	"startPolicy':{'Condition':'on-failure','MaxAttempts':5}}}";

static const char golden_sent_all[] =
	"{'EndpointSpec':{},'Labels':{'com.docker.stack.image':'docker.io/library/bb','com.dock"
	"er.stack.namespace':'st'},'Mode':{'Global':{}},'Name':'st_all','TaskTemplate':{'Contai"
	"nerSpec':{'CapabilityDrop':['ALL'],'Image':'bb:latest','Labels':{'com.docker.stack.nam"
	"espace':'st'},'Privileges':{'CredentialSpec':null,'SELinuxContext':null}},'ForceUpdate"
	"':0,'Networks':[{'Aliases':['all'],'Target':'st_front'}],'Placement':{},'Resources':{}"
	",'RestartPolicy':{'Condition':'none'}}}";

static const char golden_stored_web[] =
	"{'EndpointSpec':{'Mode':'vip','Ports':[{'Protocol':'tcp','PublishMode':'ingress','Targ"
	"etPort':99},{'Protocol':'tcp','PublishMode':'host','PublishedPort':30443,'TargetPort':"
	"443},{'Protocol':'udp','PublishMode':'ingress','PublishedPort':30700,'TargetPort':70},"
	"{'Protocol':'udp','PublishMode':'ingress','PublishedPort':30701,'TargetPort':70},{'Pro"
	"tocol':'udp','PublishMode':'ingress','PublishedPort':30702,'TargetPort':70},{'Protocol"
	"':'tcp','PublishMode':'ingress','PublishedPort':30707,'TargetPort':7},{'Protocol':'tcp"
	"','PublishMode':'ingress','PublishedPort':38080,'TargetPort':80}]},'Labels':{'com.dock"
	"er.stack.image':'bb','com.docker.stack.namespace':'st','e':'','traefik.enable':'true'}"
	",'Mode':{'Replicated':{'Replicas':2}},'Name':'st_web','RollbackConfig':{'FailureAction"
	"':'pause','MaxFailureRatio':0,'Order':'stop-first','Parallelism':0},'TaskTemplate':{'C"
	"ontainerSpec':{'Args':['sleep 1000',''],'CapabilityAdd':['CAP_NET_ADMIN','CAP_SYS_ADMI"
	"N'],'CapabilityDrop':['CAP_CHOWN','CAP_MKNOD'],'Command':['/bin/sh','-c'],'Configs':[{"
	"'ConfigID':'id-c2','ConfigName':'given','File':{'GID':'0','Mode':292,'Name':'c2','UID'"
	":'0'}},{'ConfigID':'id-c1','ConfigName':'st_c1_0c326c4f0279','File':{'GID':'0','Mode':"
	"420,'Name':'/etc/c1','UID':'0'}}],'DNSConfig':{'Nameservers':['127.0.0.1'],'Search':['"
	"ex.org']},'Dir':'/tmp','Env':['A=1=2','A_1=x','B=2','EMPTY='],'Healthcheck':{'Interval"
	"':5000000000,'Retries':3,'StartInterval':500000000,'StartPeriod':1000000000,'Test':['C"
	"MD-SHELL','true'],'Timeout':2000000000},'Hostname':'h-{{.Task.Slot}}','Hosts':['127.0."
	"0.1 foo','::1 b','10.0.0.1 a'],'Image':'bb:latest','Init':false,'Isolation':'default',"
	"'Labels':{'com.docker.stack.namespace':'st','empty':'','x':'1'},'Mounts':[{'Source':'/"
	"srv','Target':'/b','Type':'bind'},{'BindOptions':{'Propagation':'rslave'},'ReadOnly':t"
	"rue,'Source':'/tmp','Target':'/b2','Type':'bind'},{'Source':'st_data','Target':'/data'"
	",'Type':'volume','VolumeOptions':{'Labels':{'com.docker.stack.namespace':'st','l':'1'}"
	",'NoCopy':true,'Subpath':'x'}},{'Target':'/anon','Type':'volume'},{'Source':'other','T"
	"arget':'/ext','Type':'volume','VolumeOptions':{}},{'Source':'st_drv','Target':'/drv','"
	"Type':'volume','VolumeOptions':{'DriverConfig':{'Name':'local','Options':{'type':'tmpf"
	"s'}},'Labels':{'com.docker.stack.namespace':'st'}}},{'Target':'/t','TmpfsOptions':{'Si"
	"zeBytes':1048576},'Type':'tmpfs'},{'Target':'/run','TmpfsOptions':{'SizeBytes':1048576"
	"},'Type':'tmpfs'},{'Target':'/tmp2','Type':'tmpfs'},{'Target':'/dev/shm','TmpfsOptions"
	"':{'SizeBytes':67108864},'Type':'tmpfs'}],'OpenStdin':true,'Privileges':{'CredentialSp"
	"ec':null,'NoNewPrivileges':false,'SELinuxContext':null},'ReadOnly':true,'Secrets':[{'F"
	"ile':{'GID':'1001','Mode':256,'Name':'/run/secrets/other','UID':'1000'},'SecretID':'id"
	"-s1','SecretName':'st_s1_2cf24dba5fb0'},{'File':{'GID':'0','Mode':292,'Name':'zz','UID"
	"':'0'},'SecretID':'id-zz','SecretName':'st_zz_844ecc08164e'}],'StopGracePeriod':0,'Sto"
	"pSignal':'SIGTERM','Sysctls':{'net.core.somaxconn':'1024'},'TTY':true,'Ulimits':[{'Har"
	"d':40000,'Name':'nofile','Soft':20000},{'Hard':65535,'Name':'nproc','Soft':65535}],'Us"
	"er':'1000:1000'},'ForceUpdate':0,'LogDriver':{'Name':'json-file','Options':{'max-size'"
	":'1m'}},'Networks':[{'Aliases':['web'],'DriverOpts':{'a':'b'},'Target':'net-a-special'"
	"},{'Aliases':['web'],'Target':'net-st_default'},{'Aliases':['www','x','web'],'Target':"
	"'net-st_front'}],'Placement':{'Constraints':['node.role==manager','node.labels.x!=y'],"
	"'MaxReplicas':3,'Preferences':[{'Spread':{'SpreadDescriptor':'node.labels.zone'}}]},'R"
	"esources':{'Limits':{'MemoryBytes':67108864,'NanoCPUs':500000000,'Pids':100},'Reservat"
	"ions':{'GenericResources':[{'DiscreteResourceSpec':{'Kind':'gpu','Value':2}}],'MemoryB"
	"ytes':16777216,'NanoCPUs':250000000}},'RestartPolicy':{'Condition':'on-failure','Delay"
	"':1000000000,'MaxAttempts':3,'Window':10000000000},'Runtime':'container'},'UpdateConfi"
	"g':{'Delay':2000000000,'FailureAction':'rollback','MaxFailureRatio':0.1,'Monitor':3000"
	"000000,'Order':'start-first','Parallelism':2}}";

static const char golden_stored_job[] =
	"{'EndpointSpec':{'Mode':'vip'},'Labels':{'com.docker.stack.image':'bb','com.docker.sta"
	"ck.namespace':'st'},'Mode':{'ReplicatedJob':{'MaxConcurrent':3,'TotalCompletions':3}},"
	"'Name':'st_job','TaskTemplate':{'ContainerSpec':{'Args':['true'],'Image':'bb:latest','"
	"Isolation':'default','Labels':{'com.docker.stack.namespace':'st'},'Privileges':{'Crede"
	"ntialSpec':null,'NoNewPrivileges':false,'SELinuxContext':null}},'ForceUpdate':0,'Netwo"
	"rks':[{'Target':'qwleyaw2faminq2hyz1v3gcls'}],'Placement':{},'Resources':{},'RestartPo"
	"licy':{'Condition':'on-failure','MaxAttempts':5},'Runtime':'container'}}";

static const char golden_stored_all[] =
	"{'EndpointSpec':{'Mode':'vip'},'Labels':{'com.docker.stack.image':'docker.io/library/b"
	"b','com.docker.stack.namespace':'st'},'Mode':{'Global':{}},'Name':'st_all','TaskTempla"
	"te':{'ContainerSpec':{'CapabilityDrop':['ALL'],'Image':'bb:latest','Isolation':'defaul"
	"t','Labels':{'com.docker.stack.namespace':'st'},'Privileges':{'CredentialSpec':null,'N"
	"oNewPrivileges':false,'SELinuxContext':null}},'ForceUpdate':0,'Networks':[{'Aliases':["
	"'all'],'Target':'net-st_front'}],'Placement':{},'Resources':{},'RestartPolicy':{'Condi"
	"tion':'none','MaxAttempts':0},'Runtime':'container'}}";

static const char golden_stored_web_20[] =
	"{'EndpointSpec':{'Mode':'vip','Ports':[{'Protocol':'tcp','PublishMode':'ingress','Targ"
	"etPort':99},{'Protocol':'tcp','PublishMode':'host','PublishedPort':30443,'TargetPort':"
	"443},{'Protocol':'udp','PublishMode':'ingress','PublishedPort':30700,'TargetPort':70},"
	"{'Protocol':'udp','PublishMode':'ingress','PublishedPort':30701,'TargetPort':70},{'Pro"
	"tocol':'udp','PublishMode':'ingress','PublishedPort':30702,'TargetPort':70},{'Protocol"
	"':'tcp','PublishMode':'ingress','PublishedPort':30707,'TargetPort':7},{'Protocol':'tcp"
	"','PublishMode':'ingress','PublishedPort':38080,'TargetPort':80}]},'Labels':{'com.dock"
	"er.stack.image':'bb','com.docker.stack.namespace':'st','e':'','traefik.enable':'true'}"
	",'Mode':{'Replicated':{'Replicas':2}},'Name':'st_web','RollbackConfig':{'FailureAction"
	"':'pause','MaxFailureRatio':0,'Order':'stop-first','Parallelism':0},'TaskTemplate':{'C"
	"ontainerSpec':{'Args':['sleep 1000',''],'CapabilityAdd':['CAP_NET_ADMIN','CAP_SYS_ADMI"
	"N'],'CapabilityDrop':['CAP_CHOWN','CAP_MKNOD'],'Command':['/bin/sh','-c'],'Configs':[{"
	"'ConfigID':'id-c2','ConfigName':'given','File':{'GID':'0','Mode':292,'Name':'c2','UID'"
	":'0'}},{'ConfigID':'id-c1','ConfigName':'st_c1_0c326c4f0279','File':{'GID':'0','Mode':"
	"420,'Name':'/etc/c1','UID':'0'}}],'DNSConfig':{'Nameservers':['127.0.0.1'],'Search':['"
	"ex.org']},'Dir':'/tmp','Env':['A=1=2','A_1=x','B=2','EMPTY='],'Healthcheck':{'Interval"
	"':5000000000,'Retries':3,'StartPeriod':1000000000,'Test':['CMD-SHELL','true'],'Timeout"
	"':2000000000},'Hostname':'h-{{.Task.Slot}}','Hosts':['127.0.0.1 foo','::1 b','10.0.0.1"
	" a'],'Image':'bb:latest','Init':false,'Isolation':'default','Labels':{'com.docker.stac"
	"k.namespace':'st','empty':'','x':'1'},'Mounts':[{'Source':'/srv','Target':'/b','Type':"
	"'bind'},{'BindOptions':{'Propagation':'rslave'},'ReadOnly':true,'Source':'/tmp','Targe"
	"t':'/b2','Type':'bind'},{'Source':'st_data','Target':'/data','Type':'volume','VolumeOp"
	"tions':{'Labels':{'com.docker.stack.namespace':'st','l':'1'},'NoCopy':true}},{'Target'"
	":'/anon','Type':'volume'},{'Source':'other','Target':'/ext','Type':'volume','VolumeOpt"
	"ions':{}},{'Source':'st_drv','Target':'/drv','Type':'volume','VolumeOptions':{'DriverC"
	"onfig':{'Name':'local','Options':{'type':'tmpfs'}},'Labels':{'com.docker.stack.namespa"
	"ce':'st'}}},{'Target':'/t','TmpfsOptions':{'SizeBytes':1048576},'Type':'tmpfs'},{'Targ"
	"et':'/run','TmpfsOptions':{'SizeBytes':1048576},'Type':'tmpfs'},{'Target':'/tmp2','Typ"
	"e':'tmpfs'},{'Target':'/dev/shm','TmpfsOptions':{'SizeBytes':67108864},'Type':'tmpfs'}"
	"],'OpenStdin':true,'Privileges':{'CredentialSpec':null,'SELinuxContext':null},'ReadOnl"
	"y':true,'Secrets':[{'File':{'GID':'1001','Mode':256,'Name':'/run/secrets/other','UID':"
	"'1000'},'SecretID':'id-s1','SecretName':'st_s1_2cf24dba5fb0'},{'File':{'GID':'0','Mode"
	"':292,'Name':'zz','UID':'0'},'SecretID':'id-zz','SecretName':'st_zz_844ecc08164e'}],'S"
	"topGracePeriod':0,'StopSignal':'SIGTERM','Sysctls':{'net.core.somaxconn':'1024'},'TTY'"
	":true,'Ulimits':[{'Hard':40000,'Name':'nofile','Soft':20000},{'Hard':65535,'Name':'npr"
	"oc','Soft':65535}],'User':'1000:1000'},'ForceUpdate':0,'LogDriver':{'Name':'json-file'"
	",'Options':{'max-size':'1m'}},'Networks':[{'Aliases':['web'],'DriverOpts':{'a':'b'},'T"
	"arget':'net-a-special'},{'Aliases':['web'],'Target':'net-st_default'},{'Aliases':['www"
	"','x','web'],'Target':'net-st_front'}],'Placement':{'Constraints':['node.role==manager"
	"','node.labels.x!=y'],'MaxReplicas':3,'Preferences':[{'Spread':{'SpreadDescriptor':'no"
	"de.labels.zone'}}]},'Resources':{'Limits':{'MemoryBytes':67108864,'NanoCPUs':500000000"
	",'Pids':100},'Reservations':{'GenericResources':[{'DiscreteResourceSpec':{'Kind':'gpu'"
	",'Value':2}}],'MemoryBytes':16777216,'NanoCPUs':250000000}},'RestartPolicy':{'Conditio"
	"n':'on-failure','Delay':1000000000,'MaxAttempts':3,'Window':10000000000},'Runtime':'co"
	"ntainer'},'UpdateConfig':{'Delay':2000000000,'FailureAction':'rollback','MaxFailureRat"
	"io':0.1,'Monitor':3000000000,'Order':'start-first','Parallelism':2}}";

#endif
